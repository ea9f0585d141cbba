namespace Retention.Benchmarks;

/// <summary>What a measurement of the store may be told.</summary>
internal sealed record Arguments(string Directory, int Customers, int Commits, int Batch);
