using System.Buffers;
using System.Text;

namespace Grpc.Core;

public sealed partial class Metadata
{
    /// <summary>
    /// One key with its value, which is text, or binary when the key ends with "-bin". It does not change.
    /// </summary>
    public class Entry
    {
        private static readonly SearchValues<char> KeyCharacters =
            SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

        private readonly string? _value;
        private readonly byte[]? _valueBytes;

        /// <summary>Makes a binary entry. The bytes are copied.</summary>
        /// <exception cref="ArgumentException">The key is not allowed, or does not end with "-bin".</exception>
        public Entry(string key, byte[] valueBytes)
        {
            Key = NormalizedKey(key);
            if (!IsBinary)
            {
                throw new ArgumentException(
                    $"Key for binary valued metadata entry needs to have suffix indicating binary value: {key}",
                    nameof(key));
            }

            ArgumentNullException.ThrowIfNull(valueBytes);
            _valueBytes = (byte[])valueBytes.Clone();
        }

        /// <summary>Makes a text entry.</summary>
        /// <exception cref="ArgumentException">The key is not allowed, or ends with "-bin".</exception>
        public Entry(string key, string value)
        {
            Key = NormalizedKey(key);
            if (IsBinary)
            {
                throw new ArgumentException(
                    $"Key for ASCII valued metadata entry cannot have suffix indicating binary value: {key}",
                    nameof(key));
            }

            ArgumentNullException.ThrowIfNull(value);
            _value = value;
        }

        /// <summary>The key, in lower case.</summary>
        public string Key { get; }

        /// <summary>Whether the value is binary, which the key tells.</summary>
        public bool IsBinary => Key.EndsWith(BinaryHeaderSuffix, StringComparison.Ordinal);

        /// <summary>The text of the value.</summary>
        /// <exception cref="InvalidOperationException">The entry is binary.</exception>
        public string Value => _value
            ?? throw new InvalidOperationException("Cannot access string value of a binary metadata entry");

        /// <summary>A copy of the value's bytes; text as ASCII.</summary>
        public byte[] ValueBytes => _valueBytes is null
            ? Encoding.ASCII.GetBytes(_value!)
            : (byte[])_valueBytes.Clone();

        /// <summary>The key and the value as one line.</summary>
        public override string ToString() => _valueBytes is null
            ? $"[Entry: key={Key}, value={_value}]"
            : $"[Entry: key={Key}, valueBytes={BitConverter.ToString(_valueBytes)}]";

        internal bool HasKey(string key) => string.Equals(Key, key, StringComparison.OrdinalIgnoreCase);

        private static string NormalizedKey(string key)
        {
            ArgumentNullException.ThrowIfNull(key);
            if (key.Length == 0 || key.AsSpan().ContainsAnyExcept(KeyCharacters))
            {
                throw new ArgumentException(
                    $"Metadata entry key not valid. Keys can only contain lowercase alphanumeric characters, "
                    + $"underscores, hyphens and dots: '{key}'",
                    nameof(key));
            }

            // Returns the same string when there is nothing to lower.
            return key.ToLowerInvariant();
        }
    }
}
