namespace Coordinator.Engine;

/// <summary>The id that this coordination database shows to targets; made once, the same for every replica.</summary>
public sealed class CoordinatorIdentity(CoordinationDatabase database)
{
    private Guid? _id;

    /// <summary>The id.</summary>
    public async Task<Guid> ReadAsync(CancellationToken cancellationToken)
    {
        if (_id is { } known)
        {
            return known;
        }

        await using var command = database.DataSource.CreateCommand("select id from coordinator.identity");
        var id = (Guid)(await command.ExecuteScalarAsync(cancellationToken))!;
        _id = id;
        return id;
    }
}
