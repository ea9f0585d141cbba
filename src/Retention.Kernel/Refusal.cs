using System.Collections.Immutable;

namespace Retention.Kernel;

/// <summary>
/// A business "no": a reason that clients may switch on, and the numbers behind it. Never personal data.
/// Several failing conditions may ride along; the first in the documented order is the reason.
/// </summary>
public sealed record Refusal(RefusalReason Reason, ImmutableArray<RefusalDetail> Details)
{
    public static Refusal Because(RefusalReason reason, params ReadOnlySpan<(string Name, object Value)> details)
    {
        var list = ImmutableArray.CreateBuilder<RefusalDetail>(details.Length);
        foreach (var (name, value) in details)
        {
            list.Add(new RefusalDetail(name, value.ToString() ?? ""));
        }

        return new Refusal(reason, list.MoveToImmutable());
    }
}

/// <summary>One number or id that explains a refusal; the name is snake_case as on the wire.</summary>
public readonly record struct RefusalDetail(string Name, string Value);
