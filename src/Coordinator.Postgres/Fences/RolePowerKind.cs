namespace Coordinator.Postgres.Fences;

/// <summary>What gives a role its power. A REVOKE from the role itself helps against one of them only: a grant of its own.</summary>
public enum RolePowerKind
{
    /// <summary>It may log in.</summary>
    Login,

    /// <summary>It is a superuser, or may become one by SET ROLE.</summary>
    Superuser,

    /// <summary>It owns the relation, or is a member of its owner.</summary>
    Owner,

    /// <summary>A grant to the role itself.</summary>
    Grant,

    /// <summary>A grant to a role that it is a member of.</summary>
    Group,

    /// <summary>A grant to PUBLIC.</summary>
    Public,

    /// <summary>It granted the right on to somebody, who would lose it with it.</summary>
    GrantedOn,

    /// <summary><c>has_column_privilege</c> says so, whatever the reason (<c>pg_read_all_data</c>, for one).</summary>
    Privilege,
}
