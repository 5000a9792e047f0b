using System.Reflection;
using Coordinator.Worker.Batches;
using Npgsql;

namespace Coordinator.Worker.Tests.Batches;

public sealed class FailureClassTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    [Theory]
    [InlineData("08006", FailureKind.Transient)]
    [InlineData("40001", FailureKind.Transient)]
    [InlineData("40P01", FailureKind.Transient)]
    [InlineData("53100", FailureKind.Transient)]
    [InlineData("53200", FailureKind.Transient)]
    [InlineData("53300", FailureKind.Transient)]
    [InlineData("55006", FailureKind.Transient)]
    [InlineData("55P03", FailureKind.Transient)]
    [InlineData("57014", FailureKind.Transient)]
    [InlineData("57P01", FailureKind.Transient)]
    [InlineData("57P03", FailureKind.Transient)]
    [InlineData("58030", FailureKind.Transient)]
    [InlineData("25006", FailureKind.Transient)]
    [InlineData("22P02", FailureKind.Data)]
    [InlineData("22003", FailureKind.Data)]
    [InlineData("23502", FailureKind.Data)]
    [InlineData("23514", FailureKind.Data)]
    [InlineData("44000", FailureKind.Data)]
    [InlineData("21000", FailureKind.Data)]
    [InlineData("54000", FailureKind.Data)]
    [InlineData("P0001", FailureKind.Data)]
    [InlineData("P0004", FailureKind.Data)]
    [InlineData("SHOP1", FailureKind.Data)]
    [InlineData("42703", FailureKind.Configuration)]
    [InlineData("42501", FailureKind.Configuration)]
    [InlineData("42883", FailureKind.Configuration)]
    [InlineData("3F000", FailureKind.Configuration)]
    [InlineData("55000", FailureKind.Configuration)]
    [InlineData("XX000", FailureKind.Unknown)]
    [InlineData("0A000", FailureKind.Unknown)]
    [InlineData("25P01", FailureKind.Unknown)]
    [InlineData("CO099", FailureKind.Unknown)]
    [InlineData("CO015", FailureKind.TooManyBadRows)]
    [InlineData("", FailureKind.Unknown)]
    public void An_sqlstate_has_one_kind(string sqlState, FailureKind kind) => Assert.Equal(kind, FailureClass.Of(sqlState));

    [Fact]
    public async Task Worker_and_target_agree_about_what_is_a_rows_own_fault()
    {
        var states = typeof(PostgresErrorCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => (string)field.GetRawConstantValue()!)
            .Concat(["SHOP1", "12345", "ZZ999", "CO001", "CO015"])
            .ToList();
        await using var ask = fixture.Target.Worker.CreateCommand(
            "select s from unnest($1::text[]) as s where coordinator.is_data_error(s) order by s");
        ask.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. states] });
        var target = new List<string>();
        await using (var reader = await ask.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                target.Add(reader.GetString(0));
            }
        }

        Assert.True(states.Count > 200);
        Assert.Equal(
            states.Where(state => FailureClass.Of(state) == FailureKind.Data).Distinct().Order(StringComparer.Ordinal),
            target.Distinct().Order(StringComparer.Ordinal));
    }
}
