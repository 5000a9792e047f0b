using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Ddl;
using Npgsql;

namespace Coordinator.Postgres.Tests.Ddl;

public sealed class ConstraintValidatorTests
{
    private static readonly ConstraintValidation NotNull =
        new(DdlTarget.Review, "comment_given", "alter table public.review validate constraint comment_given");

    private readonly ConstraintValidator _validator = new(TimeProvider.System);

    [Fact]
    public async Task A_constraint_is_validated_once()
    {
        await using var target = await WithConstraintAsync();
        Assert.Contains("not validated", await ProblemAsync(target), StringComparison.Ordinal);

        Assert.Equal(DdlResult.Applied, (await RunAsync(target)).Result);
        Assert.Equal(DdlResult.AlreadyApplied, (await RunAsync(target)).Result);

        Assert.Null(await ProblemAsync(target));
    }

    [Fact]
    public async Task Writers_are_not_waited_for()
    {
        await using var target = await WithConstraintAsync();
        await using var writer = await OpenTransaction.BeginAsync(target.Target.Application, "update public.review set comment = 'x'");

        var outcome = await RunAsync(target);

        Assert.Equal((DdlResult.Applied, 1), (outcome.Result, outcome.Attempts));
    }

    [Fact]
    public async Task Rows_that_violate_it_are_a_failure()
    {
        await using var target = await DdlTarget.CreateAsync();
        await target.Target.ExecuteAsOwnerAsync(
            """
            insert into public.review values (2, null);
            alter table public.review add constraint comment_given check (comment is not null) not valid
            """);

        Assert.Equal(
            PostgresErrorCodes.CheckViolation, (await Assert.ThrowsAsync<DdlFailedException>(() => RunAsync(target))).SqlState);
    }

    [Fact]
    public async Task A_constraint_that_is_not_there_is_a_failure()
    {
        await using var target = await DdlTarget.CreateAsync();

        Assert.Equal(
            PostgresErrorCodes.UndefinedObject, (await Assert.ThrowsAsync<DdlFailedException>(() => RunAsync(target))).SqlState);
    }

    [Fact]
    public async Task Other_ddl_on_the_table_is_waited_for_and_named()
    {
        await using var target = await WithConstraintAsync();
        var waits = new Waits();
        Task<DdlOutcome> run;
        await using (var other = await OpenTransaction.BeginAsync(
            target.Target.Roles.OwnerSource, "lock table public.review in share update exclusive mode"))
        {
            run = RunAsync(target, waits);
            await DdlTarget.SeenAsync(run, () => waits.Has(DdlWaitReason.LockTimeout, $"pid {other.Pid} "), "it gave way");
        }

        Assert.Equal(DdlResult.Applied, (await run).Result);
    }

    private Task<DdlOutcome> RunAsync(DdlTarget target, Waits? waits = null) =>
        _validator.RunAsync(target.Target.Coordinator, NotNull, DdlTarget.Eager, waits, CancellationToken.None);

    private static Task<string?> ProblemAsync(DdlTarget target) => CatalogCheck.ConstraintValidAsync(
        target.Target.Coordinator, DdlTarget.Review, NotNull.Constraint, CancellationToken.None);

    private static async Task<DdlTarget> WithConstraintAsync()
    {
        var target = await DdlTarget.CreateAsync();
        await target.Target.ExecuteAsOwnerAsync(
            "alter table public.review add constraint comment_given check (comment is not null) not valid");
        return target;
    }
}
