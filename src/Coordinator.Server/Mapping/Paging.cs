using Coordinator.Server.Errors;

namespace Coordinator.Server.Mapping;

/// <summary>Page sizes as callers ask for them.</summary>
internal static class Paging
{
    /// <summary>Zero asks for the default; more than the largest gives the largest; a negative one is a mistake.</summary>
    public static int Size(int requested, int usual, int largest) => requested switch
    {
        < 0 => throw InvalidRequest.Field(
            "page_size", "INVALID_PAGE_SIZE", "The page size is negative.", $"Ask for 1 to {largest}, or leave it out for {usual}."),
        0 => usual,
        _ => Math.Min(requested, largest),
    };
}
