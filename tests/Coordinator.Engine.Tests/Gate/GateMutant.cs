using Coordinator.Engine.Applications;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Engine.Tests.Gate;

/// <summary>
/// A gate that opens wrongly: what is unsafe in cooperative mode, where nothing in the target keeps an old version out. A run that
/// does not find these says nothing about the real one.
/// </summary>
internal abstract class GateMutant
{
    public static IReadOnlyList<GateMutant> All { get; } = [new LapsedIsGone(), new LooseRegistration(), new NoRetirement()];

    /// <summary>Breaks what stands in the coordination database.</summary>
    public virtual Task InstallAsync(TestDatabase coordination) => Task.CompletedTask;

    /// <summary>Registers in place of the engine; null where it is not the registration that is broken.</summary>
    public virtual Task<bool>? RegisterAsync(TestDatabase coordination, InstanceReport report, Random random) => null;

    public override string ToString() => GetType().Name;

    /// <summary>An instance whose lease lapsed counts as one that has ended.</summary>
    private sealed class LapsedIsGone : GateMutant
    {
        public override Task InstallAsync(TestDatabase coordination) => coordination.ExecuteAsync(
            """
            alter table coordinator.instance rename to every_instance;
            create view coordinator.instance as
                select ctid, * from coordinator.every_instance where state <> 0 or expires_at > clock_timestamp();
            """);
    }

    /// <summary>The floor is read, and some time later the instance is written and told that it may run.</summary>
    private sealed class LooseRegistration : GateMutant
    {
        public override async Task<bool> RegisterAsync(TestDatabase coordination, InstanceReport report, Random random)
        {
            if (await coordination.ScalarAsync<bool>(
                $"select floor > {report.Version} from coordinator.application where name = '{report.Application}'"))
            {
                return false;
            }

            for (var wait = random.Next(400); wait > 0; wait--)
            {
                await coordination.ExecuteAsync("select");
            }

            await using var insert = coordination.DataSource.CreateCommand(
                """
                insert into coordinator.instance (application, instance, version, expires_at)
                values ($1, $2, $3, clock_timestamp() + interval '1 hour')
                """);
            insert.Parameters.Add(new NpgsqlParameter { Value = report.Application });
            insert.Parameters.Add(new NpgsqlParameter { Value = report.Instance });
            insert.Parameters.Add(new NpgsqlParameter { Value = report.Version });
            await insert.ExecuteNonQueryAsync();
            return true;
        }
    }

    /// <summary>The instances are counted, and then the contract runs: nobody is refused.</summary>
    private sealed class NoRetirement : GateMutant
    {
        public override Task InstallAsync(TestDatabase coordination) => coordination.ExecuteAsync(
            """
            create function no_floor() returns trigger language plpgsql as $$ begin new.floor := 0; return new; end $$;
            create trigger no_floor before update on coordinator.application for each row execute function no_floor();
            """);
    }
}
