using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Clearing;
using Retention.Domain.Tenants;
using Retention.Kernel;

namespace Retention.Domain.Entities;

/// <summary>One account as one of its companies sees it, moved to the tenant's day.</summary>
/// <param name="EntityId">Whose eyes signs are seen with; empty: the tenant itself.</param>
/// <param name="PartnerId">The other company.</param>
public sealed record EntityAccountView(
    string EntityId, string PartnerId, EntityAccountState Account, string Currency, Instant At)
{
    public long Net => EntityId == Account.First ? Account.FirstNet : Account.SecondNet;

    /// <summary>1, or -1 for the second side.</summary>
    public int Sign => EntityId == EntityArea.Ordered(EntityId, PartnerId).First ? 1 : -1;
}

/// <param name="At">The tenant's time, never before an account's last entry.</param>
public sealed record EntityPositionsView(ImmutableArray<EntityAccountView> Accounts, Instant At);

public sealed record EntityStatementView(EntityAccountView View, PeriodTotals Period, bool IsClosed);

/// <summary>Reads of the accounts between a tenant's companies.</summary>
public static class EntityTurns
{
    /// <summary>The accounts of one company with each other that it has ever cleared with, by id.</summary>
    /// <param name="partnerId">Null: all.</param>
    public static Decision Positions(ITurn turn, string tenantId, string entityId, string? partnerId)
    {
        var tenant = turn.State<TenantState>(TenantGrains.Id(tenantId));
        if (!turn.IsComplete) return Decision.Silent();
        if ((Unknown(tenant, entityId) ?? Unknown(tenant, partnerId ?? "")) is { } unknown) return unknown;

        var views = ImmutableArray.CreateBuilder<EntityAccountView>();
        IEnumerable<string> partners = partnerId is not null ? [partnerId] : tenant.Entities.Keys.Prepend("");
        foreach (var partner in partners)
        {
            if (partner == entityId) continue;
            var view = View(turn, tenant, entityId, partner);
            if (view.Account.Lines > 0) views.Add(view);
        }

        if (!turn.IsComplete) return Decision.Silent();
        var at = views.Select(view => view.At).Append(tenant.Now(turn.Time)).Max();
        return Decision.With(new EntityPositionsView(views.ToImmutable(), at));
    }

    /// <param name="month">Its first day.</param>
    public static Decision Statement(
        ITurn turn, string tenantId, string entityId, string partnerId, LocalDate month)
    {
        var tenant = turn.State<TenantState>(TenantGrains.Id(tenantId));
        if (!turn.IsComplete) return Decision.Silent();
        if ((Unknown(tenant, entityId) ?? Unknown(tenant, partnerId)) is { } unknown) return unknown;

        var view = View(turn, tenant, entityId, partnerId);
        if (!turn.IsComplete) return Decision.Silent();
        if (view.Account.Period is { } running && running.StartsOn == month)
        {
            return Decision.With(new EntityStatementView(view, running, false));
        }

        foreach (var closed in view.Account.Closed)
        {
            if (closed.StartsOn == month) return Decision.With(new EntityStatementView(view, closed, true));
        }

        return Refusal.Because(RefusalReason.PeriodNotFound, ("period", $"{month:uuuu-MM}"));
    }

    // Companies that never met have nothing but the running month.
    private static EntityAccountView View(ITurn turn, TenantState tenant, string entityId, string partnerId)
    {
        var account = turn.State<EntityAccountState>(EntityArea.AccountId(tenant.TenantId, entityId, partnerId));
        var now = Instant.Max(tenant.Now(turn.Time), account.LastAt);
        var day = now.InZone(DateTimeZoneProviders.Tzdb[tenant.TimeZone]).Date;
        if (account.Period is null)
        {
            var (first, second) = EntityArea.Ordered(entityId, partnerId);
            account = account with
            {
                First = first,
                Second = second,
                Currency = tenant.Currency,
                Period = PeriodTotals.Begin(AccountState.MonthOf(day), 0, ClearingLine.FirstHash),
            };
        }

        return new EntityAccountView(entityId, partnerId, account.MovedTo(day), tenant.Currency, now);
    }

    private static Refusal? Unknown(TenantState tenant, string entityId) =>
        entityId.Length == 0 || tenant.Entities.ContainsKey(entityId)
            ? null
            : Refusal.Because(RefusalReason.LegalEntityNotFound, ("entity_id", entityId));
}
