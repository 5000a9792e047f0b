using Coordinator.Server.Configuration;

namespace Coordinator.Server.Security;

/// <summary>Who calls, what it may do, and for whom it may speak.</summary>
internal sealed record Caller(string Name, CallerRole Role, Scope Applications, Scope Targets)
{
    public static Caller From(GrantOptions grant)
    {
        var role = CallerRoles.Parse(grant.Role);
        return role is CallerRole.Instance or CallerRole.Worker
            ? new Caller(grant.Name, role, Scope.Of(grant.Applications), Scope.Of(grant.Targets))
            : new Caller(grant.Name, role, Scope.All, Scope.All);
    }

    /// <summary>Whoever sits at this machine, where nobody has to say who they are.</summary>
    public static Caller OnLoopback(string name) => new(name, CallerRole.Admin, Scope.All, Scope.All);

    /// <exception cref="AccessDeniedException">It may not speak for that application.</exception>
    public void RequireApplication(string application)
    {
        if (!Applications.Contains(application))
        {
            throw AccessDeniedException.Application(this, application);
        }
    }

    /// <exception cref="AccessDeniedException">It may not work on one of those targets.</exception>
    public void RequireTargets(IEnumerable<string> targets)
    {
        if (targets.FirstOrDefault(target => !Targets.Contains(target)) is { } refused)
        {
            throw AccessDeniedException.Target(this, refused);
        }
    }
}
