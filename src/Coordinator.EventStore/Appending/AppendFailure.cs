using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Coordinator.EventStore.Schema;
using Npgsql;

namespace Coordinator.EventStore.Appending;

/// <summary>
/// The one place where PostgreSQL's refusals become the store's exceptions. Only what our own statements raise is
/// translated, and a deadlock; everything else reaches the caller as it was thrown.
/// </summary>
internal sealed class AppendFailure(SchemaName schema)
{
    /// <summary>The store's exception for a failed save; false when it is not the store's to explain.</summary>
    public bool TryTranslate(
        PostgresException exception, UnitOfWork work, [NotNullWhen(true)] out Exception? translated)
    {
        translated = Translate(exception, work);
        return translated is not null;
    }

    private Exception? Translate(PostgresException exception, UnitOfWork work)
    {
        if (exception.SqlState == PostgresErrorCodes.DeadlockDetected)
        {
            return new ConcurrencyException("PostgreSQL ended this transaction to break a deadlock; nothing was saved.", exception);
        }

        if (exception.SchemaName != schema.Name)
        {
            return null;
        }

        return (exception.SqlState, exception.TableName) switch
        {
            (RequireAppendFunction.StreamArchived or RequireAppendFunction.VersionMismatch, "mt_streams") =>
                Refused(exception, work),
            (PostgresErrorCodes.UniqueViolation, "mt_events") when exception.ConstraintName == "pk_mt_events_stream_and_version" =>
                TakenByForeignWriter(exception, work),
            _ => null,
        };
    }

    private static Exception? Refused(PostgresException exception, UnitOfWork work)
    {
        // "<version> <key>", see RequireAppendFunction.
        var found = exception.Hint?.Split(' ', 2) ?? [];
        if (found.Length != 2
            || !long.TryParse(found[0], NumberStyles.None, CultureInfo.InvariantCulture, out var actual)
            || work.Find(found[1]) is not { } stream)
        {
            return null;
        }

        if (stream.MustBeNew)
        {
            return new ExistingStreamIdCollisionException(stream.Key, exception);
        }

        return exception.SqlState == RequireAppendFunction.StreamArchived
            ? new InvalidStreamOperationException(stream.Key, exception)
            : new EventStreamUnexpectedMaxEventIdException(stream.Key, stream.Expected!.Value, actual, exception);
    }

    /// <summary>
    /// Only a writer that does not take the stream's row gets here. The server does not say in a field which stream it
    /// was; the first one is exact for the usual session, which has one.
    /// </summary>
    private static EventStreamUnexpectedMaxEventIdException TakenByForeignWriter(
        PostgresException exception, UnitOfWork work)
    {
        var stream = work.Events[0].Stream;
        return new EventStreamUnexpectedMaxEventIdException(stream.Key, stream.Expected!.Value, null, exception);
    }
}
