using Retention.Storage.Postgres;
using Retention.Tests.Postgres;

namespace Retention.Storage.Tests;

/// <summary>The law of the model for PostgreSQL. A failing seed is in the test's name; it repeats the same calls.</summary>
[Collection("PostgreSQL")]
public sealed class PostgresModelTests
{
    [TheoryWithPostgres]
    [InlineData(21)]
    [InlineData(22)]
    [InlineData(23)]
    [InlineData(24)]
    public async Task The_store_answers_as_the_model_does(int seed)
    {
        var options = PostgresTestSchema.Options() with { FactsPerSnapshot = 3 };
        await using var run = new GeneratedRun(() => PostgresGrainStore.Open(options), seed);
        await run.Play(steps: 100);
    }
}
