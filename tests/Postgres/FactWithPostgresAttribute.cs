using Xunit;

namespace Retention.Tests.Postgres;

/// <summary>A test that is skipped, and counted as skipped, where PostgreSQL is not installed.</summary>
public sealed class FactWithPostgresAttribute : FactAttribute
{
    public FactWithPostgresAttribute() => Skip = PostgresServer.IsInstalled ? null : PostgresServer.Missing;
}

/// <summary>The same for a test with data.</summary>
public sealed class TheoryWithPostgresAttribute : TheoryAttribute
{
    public TheoryWithPostgresAttribute() => Skip = PostgresServer.IsInstalled ? null : PostgresServer.Missing;
}
