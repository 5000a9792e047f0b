using System.Text;
using Coordinator.Worker.Batches;
using Npgsql;

namespace Coordinator.Worker.Handlers;

/// <summary>What is wrong with a row that can't be filled, as the quarantine keeps it.</summary>
/// <param name="SqlState">The target's SQLSTATE; CO017 when the handler said it.</param>
/// <param name="Message">The reason.</param>
internal sealed record RowFault(string SqlState, string Message)
{
    /// <summary>
    /// The fault behind a call that failed, or that went on after an error; null when no row is to blame. Only the target's own
    /// errors count: a handler may meet some of another database.
    /// </summary>
    public static RowFault? Of(BatchContext context, Exception? thrown)
    {
        var told = context.Failure;
        if (told is not null && FailureClass.Of(told.SqlState) != FailureKind.Data)
        {
            // Whatever the handler makes of it: the transaction is lost by something that no row has done.
            return null;
        }

        if (Chain(thrown).OfType<BadRowException>().FirstOrDefault() is { } said)
        {
            return new RowFault(told?.SqlState ?? BatchSqlStates.BadRow, Storable(said.Message));
        }

        return told is not null && (thrown is null || Chain(thrown).Contains(told)) ? Of(told) : null;
    }

    /// <summary>The fault that an error of the target tells of; null when it is no row's.</summary>
    public static RowFault? Of(PostgresException told) =>
        FailureClass.Of(told.SqlState) == FailureKind.Data ? new RowFault(told.SqlState, told.MessageText) : null;

    /// <summary>The outcome of a batch whose row could not be singled out.</summary>
    public BatchOutcome Failed(string why) => SqlState == BatchSqlStates.BadRow
        ? new BatchOutcome.HandlerFailed($"{nameof(BadRowException)}: {Message} ({why})")
        : new BatchOutcome.Failed(SqlState, $"{Message} ({why})", FailureKind.Data);

    private static IEnumerable<Exception> Chain(Exception? thrown)
    {
        for (var each = thrown; each is not null; each = each.InnerException)
        {
            yield return each;
        }
    }

    // A handler's text may hold what a text in PostgreSQL can't: half a character, a NUL.
    private static string Storable(string message) =>
        Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(message)).Replace('\0', '\uFFFD');
}
