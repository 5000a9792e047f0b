using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Coordinator.Engine.Tests.EntityFramework;

/// <summary>A review, as both versions of the program know it: the text has its column name from the model.</summary>
internal sealed class Review
{
    public int Id { get; set; }

    public string? Text { get; set; }

    public int Stars { get; set; }
}

/// <summary>The build before: all columns of the table as it was.</summary>
internal sealed class ShopOfVersion1(string connection) : DbContext
{
    public DbSet<Review> Reviews => Set<Review>();

    protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder) => optionsBuilder.UseNpgsql(connection);

    protected override void OnModelCreating(ModelBuilder modelBuilder) => ReviewTable.Map(modelBuilder, text: "comment");
}

/// <summary>The build behind: another column name, as a rename wants it, and no stars when they are to go.</summary>
internal sealed class ShopOfVersion2(string connection, string text, bool withStars) : DbContext
{
    public DbSet<Review> Reviews => Set<Review>();

    protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder) =>
        optionsBuilder.UseNpgsql(connection).ReplaceService<IModelCacheKeyFactory, ModelPerShape>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        ReviewTable.Map(modelBuilder, text);
        if (!withStars)
        {
            modelBuilder.Entity<Review>().Ignore(review => review.Stars);
        }
    }

    // Two tests give it two models.
    private sealed class ModelPerShape : IModelCacheKeyFactory
    {
        public object Create(DbContext context, bool designTime) => (context.GetType(), ((ShopOfVersion2)context).Shape, designTime);
    }

    private (string Text, bool WithStars) Shape => (text, withStars);
}

internal static class ReviewTable
{
    public static void Map(ModelBuilder model, string text) => model.Entity<Review>(review =>
    {
        review.ToTable("review");
        review.Property(row => row.Id).HasColumnName("id").ValueGeneratedNever();
        review.Property(row => row.Text).HasColumnName(text);
        review.Property(row => row.Stars).HasColumnName("stars");
    });
}

[DbContext(typeof(ShopOfVersion1)), Migration("20260901100000_Initial")]
internal sealed class InitialOfVersion1 : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
    }
}

[DbContext(typeof(ShopOfVersion2)), Migration("20260901100000_Initial")]
internal sealed class InitialOfVersion2 : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
    }
}

/// <summary>As the recipe has it: the model changes, the database does not.</summary>
[DbContext(typeof(ShopOfVersion2)), Migration("20261001100000_Unmap")]
internal sealed class Unmap : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
    }
}
