using Coordinator.Client.EntityFrameworkCore;
using Coordinator.Client.Instances;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Coordinator.Engine.Tests.EntityFramework;

/// <summary>A build's schema version, from its newest migration.</summary>
public sealed class EntityFrameworkSchemaVersionTests
{
    [Fact]
    public void The_newest_migration_of_this_very_context_is_the_version()
    {
        Assert.Equal(20260901100000, EntityFrameworkSchemaVersion.Of<ShopOfVersion1>());
        Assert.Equal(20261001100000, EntityFrameworkSchemaVersion.Of<ShopOfVersion2>(typeof(ShopOfVersion2).Assembly));
    }

    [Fact]
    public void An_instance_reports_it()
    {
        var options = new CoordinatorInstanceOptions { Application = "shop-api" };

        Assert.Same(options, options.UseEntityFrameworkVersion<ShopOfVersion2>());

        Assert.Equal(20261001100000, options.SchemaVersion);
    }

    [Fact]
    public void Without_a_migration_there_is_no_version()
    {
        var refused = Assert.Throws<InvalidOperationException>(() => EntityFrameworkSchemaVersion.Of<WithoutMigrations>());
        Assert.Contains("Coordinator.Engine.Tests has no migration of WithoutMigrations", refused.Message, StringComparison.Ordinal);
        Assert.Contains("set SchemaVersion", refused.Message, StringComparison.Ordinal);

        Assert.Throws<InvalidOperationException>(() => EntityFrameworkSchemaVersion.Of<ShopOfVersion1>(typeof(DbContext).Assembly));
    }

    [Fact]
    public void An_id_without_a_time_is_refused_by_name()
    {
        AssertUnreadable<Named>("Initial");
        AssertUnreadable<TooShort>("2026100110_Short");
        AssertUnreadable<TooLong>("202610011000001_Long");
        AssertUnreadable<Zero>("00000000000000_Zero");
    }

    private static void AssertUnreadable<TContext>(string id)
        where TContext : DbContext
    {
        var refused = Assert.Throws<InvalidOperationException>(() => EntityFrameworkSchemaVersion.Of<TContext>());
        Assert.Contains($"Migration '{id}', the newest of {typeof(TContext).Name}", refused.Message, StringComparison.Ordinal);
    }

    private abstract class Nothing : Migration
    {
        protected override void Up(MigrationBuilder migrationBuilder)
        {
        }
    }

    private sealed class WithoutMigrations : DbContext;

    private sealed class Named : DbContext;

    private sealed class TooShort : DbContext;

    private sealed class TooLong : DbContext;

    private sealed class Zero : DbContext;

    [DbContext(typeof(Named)), Migration("20261001100000_First")]
    private sealed class BeforeNamed : Nothing;

    [DbContext(typeof(Named)), Migration("Initial")]
    private sealed class OfNamed : Nothing;

    [DbContext(typeof(TooShort)), Migration("2026100110_Short")]
    private sealed class OfTooShort : Nothing;

    [DbContext(typeof(TooLong)), Migration("202610011000001_Long")]
    private sealed class OfTooLong : Nothing;

    [DbContext(typeof(Zero)), Migration("00000000000000_Zero")]
    private sealed class OfZero : Nothing;
}
