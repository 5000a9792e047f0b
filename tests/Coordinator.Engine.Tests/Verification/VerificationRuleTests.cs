using Coordinator.Engine.Verification;

namespace Coordinator.Engine.Tests.Verification;

/// <summary>When a table is read again: while the gate waits, when the wait ends, and before the contract.</summary>
public class VerificationRuleTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly EngineOptions Options = new();

    private static readonly VerificationEvidence Evidence = new(true, new Dictionary<string, string> { ["main"] = "7/1/abc" });

    private static readonly VerificationRow Good = new()
    {
        Step = "verify",
        Table = "review",
        State = VerificationState.Good,
        DoneBlocks = 1,
        TotalBlocks = 1,
        Differences = 0,
        Held = "",
        StartedAt = Now.AddHours(-4),
        Found = 0,
        FinishedAt = Now.AddMinutes(-5),
        Took = TimeSpan.FromHours(3),
        Guarded = true,
        Evidence = Evidence.ToJson(),
    };

    [Fact]
    public void A_long_pass_that_nothing_speaks_against_is_not_repeated() => Assert.Equal((false, false, false), Due(Good));

    [Fact]
    public void What_was_never_read_to_its_end_is_read() =>
        Assert.Equal((true, true, true), Due(Good with { Found = null, FinishedAt = null, Evidence = null }));

    [Fact]
    public void While_the_gate_waits_it_is_repeated_at_the_interval_and_sooner_after_differences()
    {
        Assert.True(Due(Good with { FinishedAt = Now - Options.VerificationInterval }).Waiting);
        Assert.False(Due(Good with { Found = 1, FinishedAt = Now.AddSeconds(-59) }).Waiting);
        Assert.True(Due(Good with { Found = 1, FinishedAt = Now.AddSeconds(-60) }).Waiting);
    }

    [Fact]
    public void A_table_that_somebody_touched_is_read_again() =>
        Assert.Equal((true, true, true), Due(Good with { Evidence = """{"main": "7/1/other"}""" }));

    [Fact]
    public void A_brief_pass_is_repeated_at_the_end_unless_it_has_just_ended()
    {
        Assert.Equal((false, true, true), Due(Good with { Took = TimeSpan.FromSeconds(1) }));
        Assert.Equal((false, false, false), Due(Good with { Took = TimeSpan.FromSeconds(1), FinishedAt = Now.AddSeconds(-1) }));
    }

    [Fact]
    public void Where_nothing_guarded_it_it_is_repeated_at_the_end_and_always_before_the_contract()
    {
        Assert.Equal((false, true, true), Due(Good with { Guarded = false }));
        Assert.Equal((false, false, true), Due(Good with { Guarded = false, FinishedAt = Now.AddSeconds(-1) }));
        Assert.Equal((false, true, true), Due(Good, Evidence with { Guarded = false }));
    }

    [Fact]
    public void With_differences_the_contract_is_never_without_another_look() =>
        Assert.True(Due(Good with { Found = 1, FinishedAt = Now.AddSeconds(-1) }).Contract);

    private static (bool Waiting, bool AtTheEnd, bool Contract) Due(VerificationRow row, VerificationEvidence? evidence = null) => (
        VerificationRule.IsDue(row, Now, evidence ?? Evidence, Options),
        VerificationRule.IsDueAtTheEnd(row, Now, evidence ?? Evidence, Options),
        VerificationRule.IsDueBeforeContract(row, Now, evidence ?? Evidence, Options));
}
