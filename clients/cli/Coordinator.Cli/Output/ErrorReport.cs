using System.Text.Json.Nodes;
using Coordinator.Cli.Invocation;
using Coordinator.Client;
using Grpc.Core;

namespace Coordinator.Cli.Output;

/// <summary>A failure as the user sees it: its stable reason, what happened, what to do, and the exit code.</summary>
internal sealed record ErrorReport(string Reason, string Message, string Remedy, int ExitCode)
{
    public IReadOnlyList<CoordinatorViolation> Details { get; init; } = [];

    public static ErrorReport Of(CoordinatorException exception, IReadOnlyList<string> addresses)
    {
        var message = exception.Status.Detail is { Length: > 0 } detail ? detail : exception.StatusCode.ToString();
        var report = new ErrorReport(exception.Reason, message, exception.Remedy, ExitCodeOf(exception))
        {
            Details = [.. exception.FieldViolations, .. exception.Blockers],
        };
        return WithOwnWords(report, exception, string.Join(", ", addresses));
    }

    /// <summary>The exit code of a refused or failed call.</summary>
    public static int ExitCodeOf(CoordinatorException exception) => exception.StatusCode switch
    {
        StatusCode.InvalidArgument or StatusCode.OutOfRange => Invocation.ExitCode.Usage,
        StatusCode.NotFound => Invocation.ExitCode.NotFound,
        StatusCode.AlreadyExists or StatusCode.FailedPrecondition or StatusCode.Aborted => Invocation.ExitCode.Conflict,
        StatusCode.Unauthenticated or StatusCode.PermissionDenied => Invocation.ExitCode.Denied,
        // With a reason of its own it is Coordinator that answered: something behind it is unavailable.
        StatusCode.Unavailable => IsTransport(exception) ? Invocation.ExitCode.Unavailable : Invocation.ExitCode.Temporary,
        StatusCode.DeadlineExceeded or StatusCode.ResourceExhausted => Invocation.ExitCode.Temporary,
        _ when IsConnectionLoss(exception) => Invocation.ExitCode.Unavailable,
        _ => Invocation.ExitCode.Unexpected,
    };

    public void Write(TextWriter error, OutputFormat format, Palette palette)
    {
        if (format != OutputFormat.Table)
        {
            error.WriteLine(JsonText.Write(AsJson(), OutputFormat.JsonLines));
            return;
        }

        error.WriteLine($"{palette.Red("error")} {palette.Bold(PlainText.Line(Reason))}: {PlainText.Block(Message)}");
        foreach (var detail in Details)
        {
            var subject = detail.Subject.Length == 0 ? "" : $" {detail.Subject}";
            error.WriteLine($"  - {PlainText.Line($"{detail.Code}{subject}")}: {PlainText.Line(detail.Description)}");
        }

        if (Remedy.Length > 0)
        {
            error.WriteLine($"what to do: {PlainText.Block(Remedy)}");
        }
    }

    private static bool IsTransport(CoordinatorException exception) =>
        exception.Reason == "UNAVAILABLE" && exception.Metadata.Count == 0;

    private static bool IsConnectionLoss(CoordinatorException exception)
    {
        for (var cause = exception.Status.DebugException; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpRequestException or IOException)
            {
                return true;
            }
        }

        return false;
    }

    private static string? RootCause(CoordinatorException exception) => exception.Status.DebugException?.GetBaseException().Message;

    // gRPC's own texts for these name sockets and HTTP/2 streams; a person needs the address and the next step.
    private static ErrorReport WithOwnWords(ErrorReport report, CoordinatorException exception, string addresses) => report switch
    {
        { ExitCode: Invocation.ExitCode.Unavailable } => report with
        {
            Reason = "UNAVAILABLE",
            Message = $"Coordinator was not reached at {addresses}: {RootCause(exception) ?? report.Message}",
            Remedy = $"Check that it runs there and that --address or {RemoteOptions.AddressVariable} is right. Applications that are running go on without it.",
        },
        _ when exception.StatusCode == StatusCode.DeadlineExceeded => report with
        {
            Message = $"Coordinator at {addresses} did not answer in time; whether the command took effect is not known.",
            Remedy = "Look with 'coordinator status', then run the command again: a repeat is harmless.",
        },
        { Remedy: "", ExitCode: Invocation.ExitCode.Denied } => report with
        {
            Remedy = $"Give a token that may do this: --token-file, {RemoteOptions.TokenVariable} or {RemoteOptions.TokenFileVariable}.",
        },
        _ when exception.StatusCode == StatusCode.Unimplemented => report with
        {
            Remedy = $"What answers at {addresses} is no Coordinator, or an older one than this command.",
        },
        _ => report,
    };

    private JsonObject AsJson()
    {
        var violations = new JsonArray();
        foreach (var detail in Details)
        {
            violations.Add(new JsonObject
            {
                ["code"] = detail.Code,
                ["subject"] = detail.Subject,
                ["message"] = detail.Description,
            });
        }

        var result = JsonText.Envelope();
        result["error"] = new JsonObject
        {
            ["reason"] = Reason,
            ["message"] = Message,
            ["remedy"] = Remedy,
            ["details"] = violations,
            ["exitCode"] = ExitCode,
        };
        return result;
    }
}
