using Retention.Domain.Credentials;
using Retention.V1;

namespace Retention.Server.Auth;

/// <summary>Roles between the wire and the domain: the same names, the same numbers; a test keeps them so.</summary>
public static class CredentialRoles
{
    public static Role ToProto(CredentialRole role) => (Role)(int)role;

    public static CredentialRole? ToDomain(Role role) =>
        Enum.IsDefined((CredentialRole)(int)role) ? (CredentialRole)(int)role : null;
}
