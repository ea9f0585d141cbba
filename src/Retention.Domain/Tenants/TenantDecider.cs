using NodaTime;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Tenants;

/// <summary>Decides what happens to one tenant. Pure; refusals stand in the order the protos document.</summary>
public static class TenantDecider
{
    public const int BrandsMax = 200;
    public const int StoresMax = 5_000;
    public const int EntitiesMax = 5_000;

    public static Decision Decide(TenantState state, CreateTenant command)
    {
        if (state.Exists) return Because(RefusalReason.TenantExists, ("tenant_id", command.TenantId));
        if (!IsZone(command.TimeZone)) return UnknownZone();
        return Fact(state, command.TenantId, new TenantCreated(
            command.TenantId,
            command.DisplayName,
            command.Currency,
            command.TimeZone,
            command.VirtualStartAt,
            command.LookupKey));
    }

    public static Decision Decide(TenantState state, CreateBrand command)
    {
        if (!state.Exists) return Unknown();
        if (state.Brands.ContainsKey(command.BrandId))
        {
            return Because(RefusalReason.BrandExists, ("brand_id", command.BrandId));
        }

        if (state.Brands.Count >= BrandsMax) return TooMany("brands", BrandsMax);
        return Fact(state, new BrandCreated(new Brand(command.BrandId, command.DisplayName)));
    }

    public static Decision Decide(TenantState state, CreateStore command)
    {
        if (!state.Exists) return Unknown();
        if (command.TimeZone.Length > 0 && !IsZone(command.TimeZone)) return UnknownZone();
        if (!state.Brands.ContainsKey(command.BrandId))
        {
            return Because(RefusalReason.BrandNotFound, ("brand_id", command.BrandId));
        }

        if (command.EntityId.Length > 0 && !state.Entities.ContainsKey(command.EntityId))
        {
            return Because(RefusalReason.LegalEntityNotFound, ("entity_id", command.EntityId));
        }

        if (command.ParentId.Length > 0 && !state.Stores.ContainsKey(command.ParentId))
        {
            return Because(RefusalReason.StoreNotFound, ("store_id", command.ParentId));
        }

        if (state.Stores.ContainsKey(command.StoreId))
        {
            return Because(RefusalReason.StoreExists, ("store_id", command.StoreId));
        }

        if (state.Stores.Count >= StoresMax) return TooMany("stores", StoresMax);
        return Fact(state, new StoreCreated(new Store(
            command.StoreId,
            command.BrandId,
            command.DisplayName,
            command.TimeZone.Length > 0 ? command.TimeZone : state.TimeZone,
            command.EntityId,
            command.ParentId)));
    }

    public static Decision Decide(TenantState state, CreateLegalEntity command)
    {
        if (!state.Exists) return Unknown();
        if (state.Entities.ContainsKey(command.EntityId))
        {
            return Because(RefusalReason.LegalEntityExists, ("entity_id", command.EntityId));
        }

        if (state.Entities.Count >= EntitiesMax) return TooMany("legal_entities", EntitiesMax);
        return Fact(state, new LegalEntityCreated(
            new LegalEntity(command.EntityId, command.DisplayName, command.VatId, command.Country)));
    }

    public static Decision Decide(TenantState state, UpdateProgram command)
    {
        if (!state.Exists) return Unknown();
        if (ProgramFields.Merge(state.Program, command.Wanted, command.Fields) is not { } merged)
        {
            return Invalid("update_mask", "names_fields_of_the_program");
        }

        if (ProgramFields.Fault(merged) is { } fault) return fault;
        if (command.VersionSeen is { } seen && seen != state.Program.Version)
        {
            return Because(RefusalReason.EtagMismatch, ("version", state.Program.Version));
        }

        return merged == state.Program
            ? Decision.With(state)
            : Fact(state, new ProgramUpdated(merged with { Version = state.Program.Version + 1 }));
    }

    public static Decision Decide(TenantState state, AdvanceClock command)
    {
        if (!state.Exists) return Unknown();
        if (state.VirtualNow is not { } now) return Because(RefusalReason.ClockNotVirtual);
        if (command.To < now) return Because(RefusalReason.ClockBackwards, ("time", now), ("to_time", command.To));
        return command.To == now ? Decision.With(state) : Fact(state, new ClockAdvanced(command.To));
    }

    /// <summary>Applies a fact. It decides nothing and cannot refuse: what was stored did happen.</summary>
    public static TenantState Evolve(TenantState state, TenantFact fact) => fact switch
    {
        TenantCreated e => state with
        {
            Exists = true,
            TenantId = e.TenantId,
            DisplayName = e.DisplayName,
            Currency = e.Currency,
            TimeZone = e.TimeZone,
            VirtualNow = e.VirtualStartAt,
            LookupKey = e.LookupKey,
        },
        BrandCreated e => state with { Brands = state.Brands.Add(e.Brand.BrandId, e.Brand) },
        StoreCreated e => state with { Stores = state.Stores.Add(e.Store.StoreId, e.Store) },
        LegalEntityCreated e => state with { Entities = state.Entities.Add(e.Entity.EntityId, e.Entity) },
        ProgramUpdated e => state with { Program = e.Program },
        ClockAdvanced e => state with { VirtualNow = e.To },
        AgreementNoted e => state with
        {
            Agreements = state.Agreements.SetItem(e.Agreement.AgreementId, e.Agreement),
        },
        ProposalsDropped e => state with { Agreements = state.Agreements.RemoveRange(e.AgreementIds) },
        TriggerSet e => state with
        {
            Triggers = [.. state.Triggers.Where(leg => !IsSameLeg(leg, e.Leg)), e.Leg],
        },
        CashiersKnown => state with { HasCashiers = true },
        _ => throw new InvalidOperationException($"Unknown tenant event {fact.GetType().Name}."),
    };

    private static bool IsSameLeg(TriggerLeg left, TriggerLeg right) =>
        left.AgreementId == right.AgreementId && left.LegId == right.LegId && left.BrandId == right.BrandId;

    private static Decision Fact(TenantState state, TenantFact fact) => Fact(state, state.TenantId, fact);

    // The reply is the tenant as it is after the fact: what a read would show.
    private static Decision Fact(TenantState state, string tenantId, TenantFact fact) =>
        Decision.With(Evolve(state, fact)).Change(TenantGrains.Id(tenantId), fact);

    private static bool IsZone(string id) => DateTimeZoneProviders.Tzdb.GetZoneOrNull(id) is not null;

    private static Refusal Unknown() => Because(RefusalReason.TenantNotFound);

    private static Refusal UnknownZone() => Invalid("time_zone", "known_iana_time_zone");

    private static Refusal Invalid(string field, string rule) =>
        Because(RefusalReason.FieldInvalid, ("field", field), ("rule", rule));

    private static Refusal TooMany(string limit, int max) =>
        Because(RefusalReason.LimitTooMany, ("limit", limit), ("maximum", max));
}
