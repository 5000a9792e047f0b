using Npgsql;
using NpgsqlTypes;

namespace Coordinator.EventStore;

/// <summary>Positional parameters with their type named, so that a null needs no guess.</summary>
internal static class SqlParameter
{
    public static NpgsqlParameter Text(string? value) => Of(value, NpgsqlDbType.Varchar);

    public static NpgsqlParameter Json(string? value) => Of(value, NpgsqlDbType.Jsonb);

    public static NpgsqlParameter Number(long value) => Of(value, NpgsqlDbType.Bigint);

    public static NpgsqlParameter Time(DateTimeOffset? value) => Of(value?.ToUniversalTime(), NpgsqlDbType.TimestampTz);

    public static NpgsqlParameter Array<T>(IEnumerable<T> values, NpgsqlDbType element) =>
        Of(values.ToArray(), NpgsqlDbType.Array | element);

    private static NpgsqlParameter Of(object? value, NpgsqlDbType type) =>
        new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };
}
