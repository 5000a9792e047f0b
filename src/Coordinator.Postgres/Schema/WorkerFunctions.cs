namespace Coordinator.Postgres.Schema;

/// <summary>The functions of schema <c>coordinator</c> that a worker's role may call. Everything else is closed to it.</summary>
internal static class WorkerFunctions
{
    public static readonly string[] Names =
    [
        "enter_fence", "check_fence", "claim_batch", "apply_batch", "finish_batch", "raise_batch", "read_batch",
        "bisect_batch", "is_data_error", "key_of_row", "quarantine_row",
        "key_bounds", "apply_key_batch", "key_condition", "bisect_key_batch",
    ];
}
