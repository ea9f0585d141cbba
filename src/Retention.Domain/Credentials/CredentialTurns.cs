using Retention.Domain.Tenants;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Credentials;

/// <summary>Credentials that one turn made or showed, in the order asked.</summary>
public sealed record CredentialList(IReadOnlyList<CredentialState> Credentials, string? NextAfter = null);

/// <summary>A tenant that was registered, with the credential of its first admin.</summary>
public sealed record RegisteredTenant(CreateTenant Tenant, CredentialState Admin);

/// <summary>Turns over credentials; all in the platform's partition.</summary>
public static class CredentialTurns
{
    /// <summary>
    /// Registers a tenant and its first admin, and sends the tenant's creation to its own partition in the same
    /// commit: whatever happens afterwards, either both exist in the end or neither.
    /// </summary>
    public static Func<ITurn, Decision> Register(CreateTenant tenant, NewCredential admin) => turn =>
    {
        var list = CredentialGrains.CredentialsOf(tenant.TenantId);
        if (turn.State<CredentialsOfState>(list).Exists)
        {
            return Because(RefusalReason.TenantExists, ("tenant_id", tenant.TenantId));
        }

        var created = CredentialDecider.Create(admin, turn.Time);
        return Decision
            .With(new RegisteredTenant(tenant, CredentialDecider.Evolve(CredentialState.Initial, created)))
            .Change(list, new OwnerRegistered(turn.Time))
            .Change(list, new CredentialsListed([admin.CredentialId]))
            .Change(CredentialGrains.Credential(admin.CredentialId), created)
            .Send(TenantArea.ToTenant(tenant));
    };

    /// <summary>Makes the platform's first admin, once for ever; the reply is false when it was there already.</summary>
    public static Func<ITurn, Decision> Bootstrap(string credentialId, string digest) => turn =>
    {
        var list = CredentialGrains.CredentialsOf("");
        if (turn.State<CredentialsOfState>(list).Exists) return Decision.With(false);
        return Decision
            .With(true)
            .Change(list, new OwnerRegistered(turn.Time))
            .Change(list, new CredentialsListed([credentialId]))
            .Change(CredentialGrains.Credential(credentialId), new CredentialCreated(
                credentialId, "", CredentialRole.PlatformAdmin, "", "", digest, null, turn.Time));
    };

    /// <summary>Makes all of them or, where one is at fault, none.</summary>
    /// <param name="tenant">Whose brands and stores they may be bound to; the initial state for the platform.</param>
    public static Func<ITurn, Decision> Create(TenantState tenant, IReadOnlyList<NewCredential> commands) => turn =>
    {
        var list = CredentialGrains.CredentialsOf(tenant.TenantId);
        var owner = turn.State<CredentialsOfState>(list);
        if (!owner.Exists) return Because(RefusalReason.TenantNotFound);
        var faults = commands.Select(command => CredentialDecider.Fault(command, tenant, turn.Time));
        if (faults.FirstOrDefault(fault => fault is not null) is { } refusal) return refusal;
        if (owner.CredentialIds.Count + commands.Count > CredentialDecider.CredentialsMax)
        {
            return Because(
                RefusalReason.LimitTooMany, ("limit", "credentials"), ("maximum", CredentialDecider.CredentialsMax));
        }

        var created = commands.Select(command => CredentialDecider.Create(command, turn.Time)).ToList();
        var decision = Decision
            .With(new CredentialList([.. created.Select(fact => CredentialDecider.Evolve(CredentialState.Initial, fact))]))
            .Change(list, new CredentialsListed([.. commands.Select(command => command.CredentialId)]));
        foreach (var fact in created)
        {
            decision.Change(CredentialGrains.Credential(fact.CredentialId), fact);
        }

        return decision;
    };

    public static Func<ITurn, Decision> Rotate(string? tenantId, string credentialId, RotateCredential command) =>
        turn => CredentialDecider.Decide(Owned(turn, tenantId, credentialId), command, turn.Time);

    public static Func<ITurn, Decision> Revoke(string? tenantId, string credentialId) =>
        turn => CredentialDecider.Revoke(Owned(turn, tenantId, credentialId), turn.Time);

    /// <summary>The credential whoever owns it: for authentication.</summary>
    public static Func<ITurn, Decision> Find(string credentialId) =>
        turn => Decision.With(turn.State<CredentialState>(CredentialGrains.Credential(credentialId)));

    /// <summary>A page of a tenant's credentials in the order of their ids, after the one given.</summary>
    public static Func<ITurn, Decision> List(string tenantId, string? after, int limit) => turn =>
    {
        var ids = turn.State<CredentialsOfState>(CredentialGrains.CredentialsOf(tenantId)).CredentialIds;
        var page = ids
            .Where(id => after is null || string.CompareOrdinal(id, after) > 0)
            .Take(limit + 1)
            .ToList();
        var shown = page.Take(limit).Select(id => turn.State<CredentialState>(CredentialGrains.Credential(id))).ToList();
        return Decision.With(new CredentialList(shown, page.Count > limit ? page[limit - 1] : null));
    };

    // Another owner's credential is an unknown one. The platform, owner null, reaches the tenants' admins.
    private static CredentialState Owned(ITurn turn, string? tenantId, string credentialId)
    {
        var state = turn.State<CredentialState>(CredentialGrains.Credential(credentialId));
        var isOwned = tenantId is null
            ? state.Role is CredentialRole.TenantAdmin or CredentialRole.PlatformAdmin
            : state.TenantId == tenantId;
        return isOwned ? state : CredentialState.Initial;
    }
}
