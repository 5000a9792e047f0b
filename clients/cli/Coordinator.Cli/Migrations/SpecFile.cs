using System.Text;
using Coordinator.Cli.Invocation;

namespace Coordinator.Cli.Migrations;

/// <summary>The file of a specification, or standard input for <c>-</c>.</summary>
internal static class SpecFile
{
    public static async Task<string> ReadAsync(string path, CommandEnvironment environment, CancellationToken cancellationToken)
    {
        if (path == "-")
        {
            return await environment.Input.ReadToEndAsync(cancellationToken);
        }

        try
        {
            return await File.ReadAllTextAsync(path, new UTF8Encoding(false, throwOnInvalidBytes: true), cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            throw new UsageException(
                $"The file '{path}' can't be read: {exception.Message}",
                "Give the path of a migration's YAML file in UTF-8, or - for standard input.");
        }
    }
}
