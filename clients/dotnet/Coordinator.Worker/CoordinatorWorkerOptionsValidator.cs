using Coordinator.Worker.Handlers;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Coordinator.Worker;

/// <summary>Finds everything that is wrong with the options at once, without repeating a connection string.</summary>
internal sealed class CoordinatorWorkerOptionsValidator : IValidateOptions<CoordinatorWorkerOptions>
{
    private const int MostBatches = 100;
    private const int MostHandlers = 100;

    public ValidateOptionsResult Validate(string? name, CoordinatorWorkerOptions options)
    {
        var failures = Failures(options).ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    public static void ThrowIfInvalid(CoordinatorWorkerOptions options)
    {
        var failures = Failures(options).ToList();
        if (failures.Count > 0)
        {
            throw new OptionsValidationException(Options.DefaultName, typeof(CoordinatorWorkerOptions), failures);
        }
    }

    private static IEnumerable<string> Failures(CoordinatorWorkerOptions options)
    {
        if (options.WorkerId.Length is 0 or > 200 || options.WorkerId.Any(c => c is < ' ' or > '~'))
        {
            yield return "Coordinator worker: WorkerId must be 1 to 200 printable ASCII characters.";
        }

        if (options.Targets.Count == 0)
        {
            yield return "Coordinator worker: no target is given. Set Targets to the name and the connection string of "
                + "each database that this worker may write.";
        }

        foreach (var (target, connectionString) in options.Targets)
        {
            if (target.Trim('/').Length == 0 || !CanBeRead(connectionString))
            {
                yield return $"Coordinator worker: the connection string of target '{target}' cannot be read, or its "
                    + "name is empty.";
            }
        }

        if (options.Handlers.Count > MostHandlers
            || options.Handlers.Any(entry => !HandlerName.IsValid(entry.Key) || entry.Value is null))
        {
            yield return $"Coordinator worker: at most {MostHandlers} handlers may be registered, each under a name of 1 to 63 "
                + "lower-case letters, digits and hyphens, such as recompute-price.";
        }

        if (options.Parallelism < 1 || options.Prefetch < 0 || options.Parallelism + options.Prefetch > MostBatches)
        {
            yield return "Coordinator worker: Parallelism must be at least 1, Prefetch at least 0, and together they may "
                + $"be {MostBatches} at most.";
        }

        if (options.StartMargin < TimeSpan.Zero || options.ReportDelay < TimeSpan.Zero || options.StopTimeout < TimeSpan.Zero)
        {
            yield return "Coordinator worker: StartMargin, ReportDelay and StopTimeout must not be negative.";
        }
    }

    /// <summary>Npgsql's own message is not used: it may quote the text that it could not read.</summary>
    private static bool CanBeRead(string connectionString)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(connectionString).Host is { Length: > 0 };
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or KeyNotFoundException)
        {
            return false;
        }
    }
}
