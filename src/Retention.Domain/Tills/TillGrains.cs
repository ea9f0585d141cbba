using System.Text.Json.Serialization;
using NodaTime;
using NodaTime.Text;
using Retention.Domain.Json;
using Retention.Kernel;

namespace Retention.Domain.Tills;

/// <summary>Cashiers, card uses and flagged days, in their tenant's partition.</summary>
public static class TillGrains
{
    public static readonly IGrainKind Cashier = new JsonGrainKind<CashierState, CashierFact>(
        "cashier",
        CashierState.Initial,
        static (state, fact) => state.Evolve(fact),
        TillJson.Default.CashierState,
        TillJson.Default.CashierFact);

    public static readonly IGrainKind CardUse = new JsonGrainKind<CardUseState, CardUseFact>(
        "card-use",
        CardUseState.Initial,
        static (state, fact) => state.Evolve(fact),
        TillJson.Default.CardUseState,
        TillJson.Default.CardUseFact);

    public static readonly IGrainKind Day = new JsonGrainKind<TillDayState, TillDayFact>(
        "till-day",
        TillDayState.Initial,
        static (state, fact) => state.Evolve(fact),
        TillJson.Default.TillDayState,
        TillJson.Default.TillDayFact);

    public static readonly Area Area = new(Cashier, CardUse, Day);

    public static GrainId CashierId(PartitionId tenant, string storeId, string cashierId) =>
        new(tenant, "cashier", $"{storeId}|{cashierId}");

    public static GrainId CardUseId(PartitionId tenant, string customerId) => new(tenant, "card-use", customerId);

    public static GrainId DayId(PartitionId tenant, LocalDate day) =>
        new(tenant, "till-day", LocalDatePattern.Iso.Format(day));
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    IgnoreReadOnlyProperties = true,
    Converters = [typeof(InstantJson), typeof(LocalDateJson)])]
[JsonSerializable(typeof(CashierState))]
[JsonSerializable(typeof(CashierFact))]
[JsonSerializable(typeof(CardUseState))]
[JsonSerializable(typeof(CardUseFact))]
[JsonSerializable(typeof(TillDayState))]
[JsonSerializable(typeof(TillDayFact))]
internal sealed partial class TillJson : JsonSerializerContext;
