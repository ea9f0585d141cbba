using System.Text.Json;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// A second, naive implementation of one law of the product: it reads facts and states as plain JSON and adds up for
/// itself, without the deciders' code. It is told every fact of its kinds once, in journal order; then it judges the
/// state that the product has of each grain of its kinds; then it says what else does not hold.
/// </summary>
public interface INaiveLaw
{
    /// <summary>Printed with each difference, e.g. "points".</summary>
    string Name { get; }

    /// <summary>Whether the law wants the facts and states of a kind of grain.</summary>
    bool Concerns(string grainKind);

    /// <summary>Takes in one fact. It must not keep the element, only what it read from it.</summary>
    void See(NaiveFact fact);

    /// <summary>
    /// Compares what was added up with the folded state of one grain. May come in any order of grains.
    /// </summary>
    IEnumerable<Difference> Judge(GrainId grain, JsonElement state);

    /// <summary>What is wrong between grains. Comes last.</summary>
    IEnumerable<Difference> Finish();
}

/// <param name="Version">The grain's version after the fact; its first is 1.</param>
/// <param name="Type">The fact's stable name ("$type").</param>
/// <param name="Json">The fact as it lies in the journal; valid during the call only.</param>
public readonly record struct NaiveFact(long Position, GrainId Grain, long Version, string Type, JsonElement Json);

/// <summary>Something that is not as it must be.</summary>
/// <param name="Grain">What it concerns: a grain, or a journal record where no grain can be named.</param>
/// <param name="Law">Which law is broken.</param>
/// <param name="Detail">Numbers and ids, no personal data.</param>
public sealed record Difference(string Grain, string Law, string Detail)
{
    public Difference(GrainId grain, string law, string detail)
        : this(grain.ToString(), law, detail)
    {
    }
}
