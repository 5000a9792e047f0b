using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Coordinator.Postgres.Locks;

/// <summary>
/// The key of an advisory lock. Key space: the 64-bit one, the first eight bytes of SHA-256 over
/// <c>coordinator/{space}/{name}</c>. Keys are per database. Two names with one key exclude each other without need;
/// nothing becomes unsafe by that.
/// </summary>
public readonly record struct AdvisoryLockKey(long Value)
{
    /// <summary>The key of a name in a space, e.g. <c>("driver", migration)</c>.</summary>
    public static AdvisoryLockKey ForName(string space, string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(space);
        ArgumentNullException.ThrowIfNull(name);
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"coordinator/{space}/{name}"));
        return new AdvisoryLockKey(BinaryPrimitives.ReadInt64BigEndian(hash));
    }
}
