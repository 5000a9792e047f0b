namespace Coordinator.Postgres.Sync;

/// <summary>
/// What a trigger's function fixes for its own run. Any of it costs every row that is written about a quarter of the trigger's time
/// (measured), since PostgreSQL sets and resets it each time.
/// </summary>
internal enum FunctionSettings
{
    /// <summary>Nothing: the body has no operator, function or cast whose schema it does not name.</summary>
    None,

    /// <summary>The search_path.</summary>
    SearchPath,

    /// <summary>The search_path, and what the text form of a value depends on: for bodies with an operator's expression in them.</summary>
    SearchPathAndFormats,
}
