using Coordinator.Domain;

namespace Coordinator.Engine.Quarantine;

/// <summary>Where a page ended: shard, step and hash of its last row. Rows that come or go meanwhile move nothing.</summary>
internal static class PageToken
{
    private const char Separator = '/';

    public static string After(ShardRow last) => string.Join(Separator, last.Shard, last.Row.Step, last.Row.Hash);

    public static (string Shard, string Step, string Hash) Parse(string token) =>
        token.Length == 0 ? ("", "", "")
        : token.Split(Separator) is [var shard, var step, var hash] && hash.Length == 64 && hash.All(char.IsAsciiHexDigit)
            ? (shard, step, hash)
            : throw new EngineException(new Rejection(
                "INVALID_PAGE_TOKEN",
                "The page token is not one that this service gave out.",
                "Use next_page_token of the last response unchanged, or leave it empty for the first page.",
                Kind: RejectionKind.InvalidArgument));
}
