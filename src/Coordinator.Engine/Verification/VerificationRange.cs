using Coordinator.Domain.Plans;
using Coordinator.Postgres.Verification;

namespace Coordinator.Engine.Verification;

/// <summary>A piece of a verification: some blocks of one table, and how to look at them.</summary>
internal sealed record VerificationRange(TableRef Table, long Blocks, Func<CancellationToken, Task<DisagreementReport>> LookAsync);
