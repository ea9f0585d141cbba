using FsCheck;
using FsCheck.Fluent;

namespace Retention.Domain.Tests.Agreements;

/// <summary>One step of a generated life of an agreement; each property reads the three numbers its own way.</summary>
internal sealed record LifeStep(byte Kind, byte Which, byte Hours)
{
    /// <summary>Three bytes a step, so that lives shrink as bytes do.</summary>
    public static Arbitrary<LifeStep[]> Lives { get; } = ArbMap.Default.ArbFor<byte[]>().Convert(
        bytes => bytes.Chunk(3).Where(chunk => chunk.Length == 3).Select(b => new LifeStep(b[0], b[1], b[2])).ToArray(),
        steps => [.. steps.SelectMany(step => new[] { step.Kind, step.Which, step.Hours })]);
}
