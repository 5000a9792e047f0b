using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.V1;

namespace Coordinator.Cli.Readiness;

/// <summary>What all readiness questions have in common: to wait for the answer, or not.</summary>
internal sealed class ReadinessOptions
{
    public const string ExitCodes =
        "Exit codes: 0 ready, 3 not yet, 4 blocked (needs a person), 124 --timeout reached, 69 Coordinator not reached.";

    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(10);

    private readonly Option<bool> _wait = new("--wait", "-w")
    {
        Description = "Wait while the answer is 'not yet'. Ends at once when it is blocked. Ending the wait changes nothing.",
    };

    private readonly Option<TimeSpan?> _timeout = new("--timeout")
    {
        Description = "How long --wait waits, as 90s, 10m or 2h. 10m by default.",
        HelpName = "DURATION",
        CustomParser = DurationText.Parse,
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_wait);
        command.Options.Add(_timeout);
    }

    public Task<int> AskAsync(
        CommandContext context, ReadinessQuestion question, string what, CancellationToken cancellationToken) =>
        AskAsync(context, new CheckRequest { Question = question }, what, cancellationToken);

    public async Task<int> AskAsync(CommandContext context, CheckRequest request, string what, CancellationToken cancellationToken)
    {
        var inquiry = new ReadinessInquiry(context, request, what);
        if (!context.Get(_wait) && context.Get(_timeout) is not null)
        {
            throw new UsageException("--timeout has no meaning without --wait.", "Add --wait, or leave --timeout out.");
        }

        return context.Get(_wait)
            ? await inquiry.WaitAsync(context.Get(_timeout) ?? DefaultTimeout, cancellationToken)
            : await inquiry.AskAsync(cancellationToken);
    }
}
