using Microsoft.Extensions.Options;

namespace Coordinator.Client.Instances;

/// <summary>
/// Finds everything that is wrong with the options at once. The form of names is the service's to judge; here is only
/// what nobody could mean.
/// </summary>
internal sealed class CoordinatorInstanceOptionsValidator : IValidateOptions<CoordinatorInstanceOptions>
{
    public ValidateOptionsResult Validate(string? name, CoordinatorInstanceOptions options)
    {
        var failures = Failures(options).ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static IEnumerable<string> Failures(CoordinatorInstanceOptions options)
    {
        if (string.IsNullOrEmpty(options.Application))
        {
            yield return "Coordinator instance: Application must be set to the application's name, such as shop-api.";
        }

        if (options.SchemaVersion <= 0)
        {
            yield return "Coordinator instance: SchemaVersion must be above 0. Set it to the newest schema version that "
                + "this build was made for.";
        }

        if (string.IsNullOrEmpty(options.Instance))
        {
            yield return "Coordinator instance: Instance must not be empty. Leave it out to get an id made of the "
                + "machine's name, the process id and a random part.";
        }

        if (options.StartTimeout <= TimeSpan.Zero
            || options.HeartbeatTimeout <= TimeSpan.Zero
            || options.LeaveTimeout <= TimeSpan.Zero)
        {
            yield return "Coordinator instance: StartTimeout, HeartbeatTimeout and LeaveTimeout must be above zero.";
        }
    }
}
