using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Engine.Tests.Gate;

/// <summary>
/// A target for one run after the other: one table whose column <c>legacy</c> the contract drops, and an audit of who wrote what
/// when. Runs beside each other need targets of their own, because each gate's witness sees every session of its target.
/// </summary>
internal sealed class GateLane : IAsyncDisposable
{
    public const int Rows = 256;

    private readonly InstalledTarget _target;
    private readonly VersionRoleSet _roles;

    private GateLane(string name, InstalledTarget target, VersionRoleSet roles)
    {
        Name = name;
        _target = target;
        _roles = roles;
    }

    public string Name { get; }

    public TargetRoles Roles => _target.Roles;

    public string RolePattern => _roles.Pattern;

    public static async Task<GateLane> CreateAsync(string name)
    {
        var target = await InstalledTarget.CreateAsync();
        var roles = await VersionRoleSet.CreateAsync(target.Database, target.Roles);
        await target.Database.ExecuteAsync(
            $"""
            grant usage on schema public to {roles[1]}, {roles[2]};
            create table written (label text, login text, late boolean);
            create function audit() returns trigger language plpgsql security definer as $$
            begin
              insert into written values (current_setting('application_name'), session_user, not exists (
                select from pg_attribute where attrelid = 'item'::regclass and attname = 'legacy' and not attisdropped));
              return null;
            end $$;
            """);
        return new GateLane(name, target, roles);
    }

    /// <summary>Puts everything back as it was before the last run's contract.</summary>
    public Task ResetAsync() => _target.Database.ExecuteAsync(
        $"""
        drop table if exists item;
        create table item (id int primary key, legacy text, n int not null default 0);
        insert into item select n, 'before' from generate_series(1, {Rows}) n;
        alter table item owner to {Roles.Owner};
        grant select, insert, update, delete on item to {Roles.Application}, {_roles[1]}, {_roles[2]};
        create trigger audit after update on item for each row execute function audit();
        truncate written;
        delete from coordinator.role_fence;
        delete from coordinator.admission;
        alter role {_roles[1]} login;
        """);

    /// <summary>Writes that old versions have committed after the contract had begun.</summary>
    public Task<long> LateWritesAsync() => _target.Database.ScalarAsync<long>(
        $"select count(*) from written where late and (label like '%@1' or login = '{_roles[1]}')");

    /// <summary>A session of the old version, with its own role in strict mode.</summary>
    public async Task<NpgsqlConnection> ConnectAsync(string application, bool strict)
    {
        var connection = new NpgsqlConnection(
            _target.Database.ConnectionStringFor(strict ? _roles[1] : Roles.Application, $"{application}@1") + ";Pooling=false");
        try
        {
            await connection.OpenAsync();
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _target.DisposeAsync();
        await _roles.DisposeAsync();
    }
}
