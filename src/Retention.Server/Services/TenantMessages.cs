using NodaTime;
using Retention.Domain.Credentials;
using Retention.Domain.Agreements;
using Retention.Domain.Tenants;
using Retention.Server.Auth;
using Retention.Server.Rpc;
using LoyaltyProgram = Retention.Domain.Tenants.Program;

namespace Retention.Server.Services;

/// <summary>Tenants, their parts and their credentials as messages.</summary>
internal static class TenantMessages
{
    private const string EtagPrefix = "v";

    public static V1.Tenant ToProto(this TenantState tenant, Instant now) => new()
    {
        TenantId = tenant.TenantId,
        DisplayName = tenant.DisplayName,
        CurrencyCode = tenant.Currency,
        TimeZone = tenant.TimeZone,
        IsClockVirtual = tenant.VirtualNow is not null,
        CurrentTime = tenant.Now(now).ToProto(),
    };

    public static V1.Tenant ToProto(this CreateTenant tenant, Instant now) => new()
    {
        TenantId = tenant.TenantId,
        DisplayName = tenant.DisplayName,
        CurrencyCode = tenant.Currency,
        TimeZone = tenant.TimeZone,
        IsClockVirtual = tenant.VirtualStartAt is not null,
        CurrentTime = (tenant.VirtualStartAt ?? now).ToProto(),
    };

    public static V1.Brand ToProto(this Brand brand) =>
        new() { BrandId = brand.BrandId, DisplayName = brand.DisplayName };

    public static V1.Store ToProto(this Store store) => new()
    {
        StoreId = store.StoreId,
        BrandId = store.BrandId,
        DisplayName = store.DisplayName,
        TimeZone = store.TimeZone,
        EntityId = store.EntityId,
        ParentId = store.ParentId,
    };

    public static V1.LegalEntity ToProto(this LegalEntity entity) => new()
    {
        EntityId = entity.EntityId,
        DisplayName = entity.DisplayName,
        VatId = entity.VatId,
        Country = entity.Country,
    };

    public static V1.Program ToProto(this LoyaltyProgram program) => new()
    {
        Version = program.Version,
        MillipointsPerUnit = program.MillipointsPerUnit,
        RoundToMillipoints = program.RoundToMillipoints,
        LotDays = program.LotDays,
        MillipointsCapPerPurchase = program.MillipointsCapPerPurchase,
        ReturnMayGoNegative = program.ReturnMayGoNegative,
        ReassignDays = program.Till.ReassignDays,
        PurchaseAheadMinutes = program.Till.PurchaseAheadMinutes,
        RequireTillIds = program.Till.RequiresTillIds,
        OwnCard = (V1.RuleOutcome)program.Till.OwnCard,
        CardVelocity = (V1.RuleOutcome)program.Till.CardVelocity,
        CardUsesPerHour = program.Till.CardUsesPerHour,
        CardUsesPerDay = program.Till.CardUsesPerDay,
        PointValueMinorUnits = program.PointValueMinorUnits,
        ProposalsPerTenant = program.Proposal.PerTenant,
        ProposalsOfStrangers = program.Proposal.OfStrangers,
        ProposalDays = program.Proposal.Days,
    };

    public static LoyaltyProgram ToDomain(this V1.Program program) => new(
        0,
        program.MillipointsPerUnit,
        program.RoundToMillipoints,
        program.LotDays,
        program.MillipointsCapPerPurchase,
        program.ReturnMayGoNegative)
    {
        Tills = new TillRules(
            program.ReassignDays,
            program.PurchaseAheadMinutes,
            program.RequireTillIds,
            (RuleOutcome)program.OwnCard,
            (RuleOutcome)program.CardVelocity,
            program.CardUsesPerHour,
            program.CardUsesPerDay),
        PointValueMinorUnits = program.PointValueMinorUnits,
        Proposals = new ProposalRules(program.ProposalsPerTenant, program.ProposalsOfStrangers, program.ProposalDays),
    };

    public static string Etag(this LoyaltyProgram program) => $"{EtagPrefix}{program.Version}";

    /// <summary>The version that an etag names; null for an empty one.</summary>
    public static int? VersionOf(string etag)
    {
        if (etag.Length == 0) return null;
        return etag.StartsWith(EtagPrefix, StringComparison.Ordinal) && int.TryParse(etag.AsSpan(1), out var version)
            ? version
            : throw RequestField.Invalid("etag", "as_returned");
    }

    public static V1.Credential ToProto(this CredentialState credential) => new()
    {
        CredentialId = credential.CredentialId,
        Role = CredentialRoles.ToProto(credential.Role),
        BrandId = credential.BrandId,
        StoreId = credential.StoreId,
        CreateTime = credential.CreatedAt.ToProto(),
        ExpireTime = credential.ExpiresAt.ToProto(),
        RevokeTime = credential.RevokedAt.ToProto(),
    };
}
