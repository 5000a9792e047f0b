using System.Diagnostics;

namespace Coordinator.Testing;

/// <summary>
/// A file system of a few megabytes for a tablespace of the test server, so that a disk is full without filling one.
/// Mounting takes root; where that is not to be had, <see cref="TryMount"/> says so and the test takes another limit.
/// </summary>
public sealed class SmallFilesystem : IDisposable
{
    private readonly string _filler;

    private SmallFilesystem(string path)
    {
        Path = path;
        _filler = System.IO.Path.Combine(path, "filler");
    }

    /// <summary>Where it is mounted; owned by the server's user.</summary>
    public string Path { get; }

    /// <summary>Mounts one, or says why it can't.</summary>
    /// <param name="megabytes">Its size.</param>
    /// <param name="dataDirectory">The server's data directory, whose owner becomes this one's.</param>
    /// <param name="whyNot">Empty when it is mounted.</param>
    public static SmallFilesystem? TryMount(int megabytes, string dataDirectory, out string whyNot)
    {
        var path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), "coordinator-small-" + System.IO.Path.GetRandomFileName()[..8]);
        Directory.CreateDirectory(path);
        if (Run("mount", ["-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", path]) is { Length: > 0 } refused)
        {
            Directory.Delete(path);
            whyNot = $"A small file system can't be mounted here (it takes root and CAP_SYS_ADMIN): {refused}";
            return null;
        }

        whyNot = Run("chown", [$"--reference={dataDirectory}", path]);
        return whyNot.Length == 0 ? new SmallFilesystem(path) : throw new InvalidOperationException(whyNot);
    }

    /// <summary>Takes all the space that is left.</summary>
    public void Fill()
    {
        using var file = File.Create(_filler, bufferSize: 1);
        var page = new byte[4096];
        try
        {
            while (true)
            {
                file.Write(page);
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }

    /// <summary>Gives it back.</summary>
    public void Free() => File.Delete(_filler);

    /// <inheritdoc/>
    public void Dispose()
    {
        // Lazily: the server may still have a file of it open.
        Run("umount", ["-l", Path]);
        Directory.Delete(Path);
    }

    private static string Run(string program, string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            var error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? "" : $"{program} ended with {process.ExitCode}: {error.Trim()}";
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            return $"{program}: {exception.Message}";
        }
    }
}
