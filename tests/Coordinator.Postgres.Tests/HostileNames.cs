namespace Coordinator.Postgres.Tests;

/// <summary>Names that are only names as long as everybody quotes them.</summary>
public static class HostileNames
{
    public static TheoryData<string> All =>
    [
        "quote\"inside",
        "x\"; drop table review; --",
        "it's",
        "select",
        "Grüße 表 🙂",
        "MixedCase and space",
        "back\\slash $1 $$ @a :b {}",
        new string('x', 63),
        "public.review",
    ];
}
