using System.Runtime.CompilerServices;
using Coordinator.Engine;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Verification;
using Coordinator.Server.Mapping;

namespace Coordinator.Server.Migrations;

/// <summary>A verification that a caller asked for, with its progress: it ends when the caller leaves.</summary>
internal sealed class VerificationRun(VerificationCommands commands, MigrationQueries queries, TimeProvider time)
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(1);

    /// <summary>How far it is, again and again, and what it found.</summary>
    public async IAsyncEnumerable<V1.VerifyMigrationResponse> RunAsync(
        string name, VerificationOrder order, RequestContext context, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = commands.RunAsync(name, order, context, ending.Token);
        try
        {
            while (await Task.WhenAny(running, Task.Delay(ProgressInterval, time, ending.Token)) != running)
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return await ProgressAsync(name, outcome: null, cancellationToken);
            }

            yield return await ProgressAsync(name, await running, cancellationToken);
        }
        finally
        {
            await ending.CancelAsync();
            await Task.WhenAny(running);
        }
    }

    private async Task<V1.VerifyMigrationResponse> ProgressAsync(
        string name, VerificationOutcome? outcome, CancellationToken cancellationToken) => new()
        {
            Verifications = { (await queries.GetAsync(name, cancellationToken)).Verifications.Select(VerificationMapping.ToProto) },
            Outcome = outcome is null ? null : VerificationMapping.ToProto(outcome),
        };
}
