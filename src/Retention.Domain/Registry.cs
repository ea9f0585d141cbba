using System.Collections.Frozen;
using Retention.Domain.Agreements;
using Retention.Domain.Credentials;
using Retention.Domain.Customers;
using Retention.Domain.Entities;
using Retention.Domain.Links;
using Retention.Domain.Offers;
using Retention.Domain.Offline;
using Retention.Domain.Tenants;
using Retention.Domain.Tills;
using Retention.Kernel;

namespace Retention.Domain;

/// <summary>Every kind of grain and every effect of the product. A new area is one line here.</summary>
public sealed class Registry : IEffectTurns
{
    public static readonly Registry Default = new(
        TenantArea.Area,
        CredentialArea.Area,
        CustomerArea.Area,
        OfferArea.Area,
        OfflineGrains.Area,
        AgreementArea.Area,
        LinkArea.Area,
        TillGrains.Area,
        EntityArea.Area);

    private readonly FrozenDictionary<string, EffectTurn> effects;

    public Registry(params IReadOnlyList<Area> areas)
    {
        Kinds = [.. areas.SelectMany(area => area.Kinds)];
        effects = areas.SelectMany(area => area.Effects).ToFrozenDictionary();
    }

    public IReadOnlyList<IGrainKind> Kinds { get; }

    /// <summary>An effect that no area knows stops the turn: it was sent by a newer version and must not be lost.</summary>
    public Decision Decide(ITurn turn, PartitionId from, PartitionId to, string name, ReadOnlyMemory<byte> payload) =>
        effects.TryGetValue(name, out var decide)
            ? decide(turn, from, to, payload)
            : throw new InvalidOperationException($"No area receives the effect {name}.");
}
