using System.Globalization;
using Npgsql;

namespace Coordinator.Demo;

/// <summary>Checks what has to be true in the end, and prints the figures.</summary>
internal sealed class DemoReport(
    Transcript transcript, Bank bank, LoadRecord record, BankFleet fleet, DemoMoments moments, PausedTeller teller, string migration)
{
    public async Task<bool> PrintAsync(CancellationToken cancellationToken)
    {
        transcript.Heading("Checks");
        var checks = new Checklist(transcript);
        checks.Check(
            "no transaction of the application failed",
            record.Failures.Count == 0,
            record.Failures.Count == 0 ? $"0 of {record.Count:N0}" : string.Join("; ", record.Failures.Take(3)));
        await CheckBalancesAsync(checks, cancellationToken);
        await CheckStructureAsync(checks, cancellationToken);
        await CheckLedgerAsync(checks, cancellationToken);
        await CheckTakeoversAsync(checks, cancellationToken);
        teller.Check(checks);
        checks.Check("never fewer than seven instances ran", fleet.Fewest >= 7, $"at least {fleet.Fewest}");

        transcript.Heading("Figures (latency from the scheduled start of a transaction; stall: the longest time in which nobody finished one)");
        Print("before the migration", moments.LoadStarted, moments.MigrationStarted);
        Print("expand, backfill, verify", moments.MigrationStarted, moments.Backfilled);
        Print("rolling deploy, contract", moments.Backfilled, moments.Contracted);
        Print("after the contract", moments.Contracted, moments.Ended);
        await PrintBackfillAsync(cancellationToken);
        await PrintGateLatencyAsync(cancellationToken);
        transcript.Row(string.Create(CultureInfo.InvariantCulture, $"the whole demo: {transcript.Elapsed.TotalSeconds:0} s"));
        transcript.Heading(checks.AllPassed ? "Every check passed." : "A CHECK FAILED.");
        return checks.AllPassed;
    }

    private async Task CheckBalancesAsync(Checklist checks, CancellationToken cancellationToken)
    {
        var accounts = await bank.AskAsync<long>("select sum(balance)::bigint from pgbench_accounts", cancellationToken);
        var branches = await bank.AskAsync<long>("select sum(bbalance)::bigint from pgbench_branches", cancellationToken);
        var tellers = await bank.AskAsync<long>("select sum(tbalance)::bigint from pgbench_tellers", cancellationToken);
        // What the calibration and the load wrote, both through the old column and the new one.
        var history = await bank.AskAsync<long>("select sum(delta)::bigint from pgbench_history", cancellationToken);
        checks.Check(
            "no write was lost in either direction",
            accounts == branches && branches == tellers && tellers == history,
            $"accounts {accounts}, branches {branches}, tellers {tellers}, history {history}");
    }

    private async Task CheckStructureAsync(Checklist checks, CancellationToken cancellationToken)
    {
        var columns = await bank.AskAsync<string>(
            """
            select string_agg(attname, ', ' order by attnum) from pg_attribute
             where attrelid = 'pgbench_accounts'::regclass and attnum > 0 and not attisdropped
            """,
            cancellationToken);
        checks.Check("the old column is gone, the new one is there", columns == "aid, bid, filler, balance", columns);
        var leftovers = await bank.AskAsync<long>(
            """
            select (select count(*) from pg_trigger where tgrelid = 'pgbench_accounts'::regclass and tgname like 'zz_coordinator%')
                 + (select count(*) from pg_proc where proname like 'zz_coordinator%')
            """,
            cancellationToken);
        checks.Check("trigger and function are gone", leftovers == 0, $"{leftovers} left");
    }

    private async Task CheckLedgerAsync(Checklist checks, CancellationToken cancellationToken)
    {
        var ledger = await bank.AskAsync<long>("select sum(rows)::bigint from coordinator.ledger where state = 'done'", cancellationToken);
        var seen = await bank.AskAsync<long>("select coalesce(sum(rows), 0)::bigint from demo.worker_rows", cancellationToken);
        checks.Check("the ledger has the rows that the audit saw workers change", ledger == seen, $"ledger {ledger}, audit {seen}");
        var visits = await CoordinationAsync<long>(
            "select coordinator.visits(total_blocks, sweep_cell) from coordinator.backfill", cancellationToken);
        var covered = await bank.AskAsync<long>("select sum(hi - lo)::bigint from coordinator.ledger where state = 'done'", cancellationToken);
        var overlaps = await bank.AskAsync<long>(
            """
            select count(*) from coordinator.ledger a join coordinator.ledger b
                on a.batch >> 30 = b.batch >> 30 and a.batch < b.batch and a.lo < b.hi and b.lo < a.hi
            """,
            cancellationToken);
        checks.Check(
            "every block was visited exactly once in each of the four sweeps",
            covered == visits && overlaps == 0,
            $"{covered} of {visits} visits, {overlaps} overlaps");
    }

    private void Print(string stretch, DateTimeOffset from, DateTimeOffset to)
    {
        var figures = record.Between(from, to);
        transcript.Row(string.Create(
            CultureInfo.InvariantCulture,
            $"{stretch,-26} {figures.PerSecond,6:0} tx/s   p50 {figures.Median.TotalMilliseconds,6:0.0} ms   p99 {figures.P99.TotalMilliseconds,6:0.0} ms   slowest {figures.Slowest.TotalMilliseconds,5:0} ms   stall {figures.Stall.TotalMilliseconds,5:0} ms"));
    }

    private async Task PrintBackfillAsync(CancellationToken cancellationToken)
    {
        var rows = await bank.AskAsync<long>("select sum(rows)::bigint from coordinator.ledger", cancellationToken);
        var seconds = await bank.AskAsync<double>(
            "select extract(epoch from max(committed_at) - min(committed_at))::float8 from coordinator.ledger", cancellationToken);
        transcript.Row(string.Create(
            CultureInfo.InvariantCulture,
            $"backfill: {rows:N0} rows in {seconds:0.0} s, {rows / Math.Max(seconds, 0.001):N0} rows/s, beside the load"));
    }

    /// <summary>From the last old instance's good-bye, or the last new one's registration, to the contract's commit: one server's clock.</summary>
    private async Task PrintGateLatencyAsync(CancellationToken cancellationToken)
    {
        var cleared = await CoordinationAsync<DateTime>(
            """
            select greatest(max(ended_at) filter (where version = 1), max(registered_at) filter (where version = 2))
              from coordinator.instance where application = 'bank'
            """,
            cancellationToken);
        var contracted = await bank.AskAsync<DateTime>(
            $"select pg_xact_commit_timestamp(xmin) from coordinator.applied_step where migration = '{migration}' and step like 'contract%'",
            cancellationToken);
        transcript.Row(string.Create(
            CultureInfo.InvariantCulture,
            $"gate latency, from the last blocker's clearing to the contract's commit: {(contracted - cleared).TotalMilliseconds:0} ms"));
    }

    // A report may have been on its way when the worker was killed: that batch is done, and nobody has to take it over.
    private async Task CheckTakeoversAsync(Checklist checks, CancellationToken cancellationToken)
    {
        var left = moments.LeftByKilledWorker;
        var leases = $"any('{{{string.Join(',', left)}}}'::uuid[])";
        var committed = await bank.AskAsync<long>(
            $"select count(*) from coordinator.ledger where state = 'done' and lease_id = {leases}", cancellationToken);
        var takeovers = await CoordinationAsync<long>(
            "select coalesce(sum(takeovers), 0)::bigint from coordinator.backfill_batch", cancellationToken);
        var last = await CoordinationAsync<DateTime>(
            "select coalesce(max(granted_at), '-infinity') from coordinator.backfill_batch where takeovers > 0", cancellationToken);
        var after = takeovers == 0 ? "" : string.Create(
            CultureInfo.InvariantCulture, $", the last {(last - moments.WorkerKilled).TotalSeconds:0.0} s after the kill");
        checks.Check(
            "the batches that the killed worker left were taken over",
            takeovers > 0 && takeovers >= left.Count - committed,
            $"{left.Count} left, {committed} of them committed before the kill, {takeovers} takeovers{after}");
    }

    private async Task<T> CoordinationAsync<T>(string sql, CancellationToken cancellationToken)
    {
        await using var coordination = NpgsqlDataSource.Create(bank.CoordinationConnectionString);
#pragma warning disable CA2100 // The demo's own literals.
        await using var command = coordination.CreateCommand(sql);
#pragma warning restore CA2100
        return (T)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
