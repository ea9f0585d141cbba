using System.Collections.Immutable;
using System.Text;
using Retention.Kernel;

namespace Retention.Domain.Coupons;

/// <summary>Gathers failing conditions in the order in which they are asked. Costs nothing while none fails.</summary>
public struct Refusals
{
    private List<Refusal>? failing;

    public readonly bool Any => failing is not null;

    public readonly ImmutableArray<Refusal> All => failing is null ? [] : [.. failing];

    public void Add(RefusalReason reason, params ReadOnlySpan<(string Name, object Value)> details) =>
        Add(Refusal.Because(reason, details));

    public void Add(Refusal refusal) => (failing ??= []).Add(refusal);

    /// <summary>The first, with the names of all in "failing_conditions".</summary>
    public readonly Refusal First()
    {
        var all = failing ?? throw new InvalidOperationException("No condition fails.");
        var names = string.Join(',', all.Select(refusal => UpperSnake(refusal.Reason.ToString())).Distinct());
        return all[0] with { Details = all[0].Details.Add(new RefusalDetail("failing_conditions", names)) };
    }

    internal static string UpperSnake(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        foreach (var letter in name)
        {
            if (char.IsUpper(letter) && text.Length > 0) text.Append('_');
            text.Append(char.ToUpperInvariant(letter));
        }

        return text.ToString();
    }
}
