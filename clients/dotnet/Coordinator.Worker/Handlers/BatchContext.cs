using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Coordinator.Worker.Batches;
using Npgsql;

namespace Coordinator.Worker.Handlers;

/// <summary>
/// One batch as its handler sees it: which rows, and the way to the target inside the batch's own transaction (READ
/// COMMITTED). Its statements run one after the other, however they are called. Rows that are read to be written must be
/// locked (<c>for no key update</c>): the application writes them too. Between two statements no more than the batch's
/// statement timeout (30 seconds by default) may pass: locks are held, so the target ends the session then.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore without a wait handle holds nothing to release.")]
public sealed class BatchContext
{
    /// <summary>
    /// What stands for the rows of the call in a statement: a condition on the table's key, or on its <c>ctid</c> where the batch goes by
    /// blocks. <c>{range alias}</c> puts the alias before the columns, where other tables stand beside it.
    /// </summary>
    public const string RangePlaceholder = "{range}";

    private readonly NpgsqlConnection _connection;
    private readonly BatchGrant _grant;
    private readonly RowSpan _rows;
    private readonly CancellationToken _cancellationToken;
    private readonly SemaphoreSlim _one = new(1, 1);
    private bool _closed;
    private bool _usedRange;
    private bool _usedBlocks;

    internal BatchContext(NpgsqlConnection connection, BatchGrant grant, RowSpan rows, CancellationToken cancellationToken)
    {
        _connection = connection;
        _grant = grant;
        _rows = rows;
        _cancellationToken = cancellationToken;
    }

    /// <summary>The migration's name.</summary>
    public string Migration => _grant.Migration;

    /// <summary>The shard of its target.</summary>
    public string Shard => _grant.Shard;

    /// <summary>The backfill step within the migration.</summary>
    public string Step => _grant.Step;

    /// <summary>The batch's number within the step; another one in each pass over the table.</summary>
    public long Batch => _grant.Batch;

    /// <summary>The table that is filled, qualified and quoted, as it may stand in SQL.</summary>
    public string Table => _grant.Table ?? "";

    /// <summary>
    /// The first table block of the batch; when it goes by a key (<see cref="ByKey"/>) the number of its first interval of keys, which
    /// is no place in the table. A handler that asks for it chooses its rows by itself, so its batch can't be divided
    /// around bad rows and fails as a whole: use <c>{range}</c> where that will do.
    /// </summary>
    public long FirstBlock
    {
        get
        {
            _usedBlocks = true;
            return _grant.Lo;
        }
    }

    /// <summary>One past its last table block; see <see cref="FirstBlock"/>.</summary>
    public long EndBlock
    {
        get
        {
            _usedBlocks = true;
            return _grant.Hi;
        }
    }

    /// <summary>
    /// Whether the batch goes by a key of the table, so that a row stays in it whatever else is written to the row, and not by blocks.
    /// </summary>
    public bool ByKey => _grant.Key.Count > 0;

    /// <summary>
    /// From 1; above 1, an earlier run may have had effects outside the target. So may one before a call for a
    /// <see cref="IsPart">part</see>.
    /// </summary>
    public long Attempt => _grant.Epoch;

    /// <summary>
    /// Whether this call is for some of the batch's rows only: the call for all of them failed by a row that can't be filled, was
    /// rolled back, and the rows that can are found by calls for fewer and fewer. <c>{range}</c> stands for the part's rows.
    /// </summary>
    public bool IsPart => _rows is RowSpan.Rows;

    /// <summary>
    /// The same for every call for these rows of this batch in this pass over the table, and for no other: whoever gets it can
    /// tell a repeat from a new one. A <see cref="IsPart">part</see> has a key of its own, so that it is not taken for the whole.
    /// For calls per row, <see cref="IdempotencyKeyOf"/>.
    /// </summary>
    public string IdempotencyKey => BatchName + _rows.KeySuffix;

    /// <summary>
    /// The key for a call about one row: the same in every run of the batch, whether the row came with the whole batch or with a
    /// part of it.
    /// </summary>
    /// <param name="row">What tells the row from the others of the batch: its primary key, as text that is always the same.</param>
    public string IdempotencyKeyOf(string row)
    {
        ArgumentException.ThrowIfNullOrEmpty(row);
        return $"{BatchName}/row-{row}";
    }

    /// <summary>Whether <c>{range}</c> alone decides which rows it works on, so that a part of the batch is a part of its work.</summary>
    internal bool FindsRowsByRange => _usedRange && !_usedBlocks;

    /// <summary>Whether it has tried to send a statement.</summary>
    internal bool HasSent { get; private set; }

    private string BatchName => string.Create(CultureInfo.InvariantCulture, $"{Migration}/{Shard}/{Step}/{Batch}");

    /// <summary>The first error that the target gave to one of the handler's statements; null when none did.</summary>
    internal PostgresException? Failure { get; private set; }

    /// <summary>
    /// Reads rows, all into memory: <c>select id, … from t where {range} for no key update</c>.
    /// </summary>
    /// <param name="sql">One statement with the parameters $1, $2, …; <c>{range}</c> stands for the batch's rows.</param>
    /// <param name="read">Makes a value of the row that the reader stands on.</param>
    /// <param name="args">The parameters' values; null is NULL.</param>
    /// <exception cref="ArgumentException">The statement would end the transaction.</exception>
    /// <exception cref="PostgresException">The target refuses it; the batch can't commit any more.</exception>
    /// <exception cref="OperationCanceledException">The lease has ended, or the worker stops.</exception>
    public Task<IReadOnlyList<T>> ReadRowsAsync<T>(string sql, Func<DbDataReader, T> read, params object?[] args)
    {
        ArgumentNullException.ThrowIfNull(read);
        return SendAsync<IReadOnlyList<T>>(
            [Command(sql, args)],
            async reader =>
            {
                var rows = new List<T>();
                while (await reader.ReadAsync(_cancellationToken).ConfigureAwait(false))
                {
                    rows.Add(read(reader));
                }

                return rows;
            });
    }

    /// <summary>Runs a statement.</summary>
    /// <param name="sql">One statement with the parameters $1, $2, …; <c>{range}</c> stands for the batch's rows.</param>
    /// <param name="args">The parameters' values; null is NULL.</param>
    /// <returns>How many rows it wrote.</returns>
    /// <exception cref="ArgumentException">The statement would end the transaction.</exception>
    /// <exception cref="PostgresException">The target refuses it; the batch can't commit any more.</exception>
    /// <exception cref="OperationCanceledException">The lease has ended, or the worker stops.</exception>
    public Task<long> ExecuteAsync(string sql, params object?[] args) => WriteAsync([Command(sql, args)]);

    /// <summary>Runs one statement for each set of parameters, all in one round trip.</summary>
    /// <param name="sql">One statement with the parameters $1, $2, …; <c>{range}</c> stands for the batch's rows.</param>
    /// <param name="argSets">The parameters' values for each time; null is NULL.</param>
    /// <returns>How many rows they wrote together.</returns>
    /// <exception cref="ArgumentException">The statement would end the transaction.</exception>
    /// <exception cref="PostgresException">The target refuses one of them; the batch can't commit any more.</exception>
    /// <exception cref="OperationCanceledException">The lease has ended, or the worker stops.</exception>
    public Task<long> ExecuteManyAsync(string sql, IEnumerable<object?[]> argSets)
    {
        ArgumentNullException.ThrowIfNull(argSets);
        var commands = argSets.Select(args => Command(sql, args)).ToList();
        return commands.Count == 0 ? Task.FromResult(0L) : WriteAsync(commands);
    }

    /// <summary>As a statement that was not looked at.</summary>
    internal Task<long> ExecuteUncheckedAsync(string sql) => WriteAsync([new NpgsqlBatchCommand(sql)]);

    /// <summary>Waits for a statement that still runs, and lets no further one in: the connection goes back to the pool.</summary>
    internal async Task CloseAsync()
    {
        await _one.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        _closed = true;
        _one.Release();
    }

    private Task<long> WriteAsync(IReadOnlyList<NpgsqlBatchCommand> commands) => SendAsync(
        commands,
        async reader =>
        {
            while (await reader.NextResultAsync(_cancellationToken).ConfigureAwait(false))
            {
                // An error in a later statement shows only when its result is reached.
            }

            return commands.Sum(command => (long)command.RecordsAffected);
        });

    private async Task<T> SendAsync<T>(IReadOnlyList<NpgsqlBatchCommand> commands, Func<NpgsqlDataReader, Task<T>> read)
    {
        await _one.WaitAsync(_cancellationToken).ConfigureAwait(false);
        try
        {
            if (_closed)
            {
                throw new InvalidOperationException(
                    $"The handler's call for batch {IdempotencyKey} has ended; await everything that it starts.");
            }

            _cancellationToken.ThrowIfCancellationRequested();
            var batch = _connection.CreateBatch();
            await using (batch.ConfigureAwait(false))
            {
                batch.Timeout = BatchTransaction.ClientTimeout(_grant);
                foreach (var command in commands)
                {
                    batch.BatchCommands.Add(command);
                }

                var reader = await batch.ExecuteReaderAsync(_cancellationToken).ConfigureAwait(false);
                await using (reader.ConfigureAwait(false))
                {
                    return await read(reader).ConfigureAwait(false);
                }
            }
        }
        catch (PostgresException exception)
        {
            Failure ??= exception;
            throw;
        }
        finally
        {
            _one.Release();
        }
    }

    private NpgsqlBatchCommand Command(string sql, object?[] args)
    {
        ArgumentNullException.ThrowIfNull(sql);
        ArgumentNullException.ThrowIfNull(args);
        HandlerStatement.ThrowIfTransactionControl(sql);
        HasSent = true;
        var command = new NpgsqlBatchCommand(RangeText.Replace(sql, alias =>
        {
            _usedRange = true;
            return _rows.Condition(alias);
        }));
        foreach (var arg in args)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = arg ?? DBNull.Value });
        }

        return command;
    }
}
