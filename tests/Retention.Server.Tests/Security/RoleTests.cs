using Google.Protobuf.Reflection;
using Retention.Server.Hosting;
using Retention.Server.Tests.Support;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Tests.Security;

/// <summary>
/// Law: who may call what is what the protos say, for every rpc and every role, and nobody calls without a credential.
/// Method: every rpc is called with an empty request by each role, and the outcome compared with its declared roles.
/// </summary>
public sealed class RoleTests
{
    private static readonly Role[] Roles = [.. Enum.GetValues<Role>().Where(role => role != Role.Unspecified)];

    private static IEnumerable<MethodDescriptor> Methods =>
        RpcServices.Descriptors.SelectMany(service => service.Methods);

    [Fact]
    public async Task Each_role_may_call_exactly_what_the_protos_declare()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        var differences = new List<string>();
        foreach (var method in Methods)
        {
            var declared = method.GetOptions().GetExtension(OptionsExtensions.Rule).Roles;
            foreach (var role in Roles)
            {
                var answer = await server.Client.CallAsync(
                    method, Requests.Empty(method.InputType), await tenant.KeyAsync(role));
                var isAllowed = answer.Code is not (RpcStatus.PermissionDenied or RpcStatus.Unauthenticated);
                if (isAllowed != declared.Contains(role)) differences.Add($"{method.FullName} {role}: {answer.Code}");
            }
        }

        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    [Fact]
    public async Task Nobody_calls_without_a_credential()
    {
        await using var server = await TestServer.StartAsync();
        var open = new List<string>();
        foreach (var method in Methods)
        {
            foreach (var key in new[] { null, "", "nonsense", WithOtherSecret(server.PlatformKey) })
            {
                var answer = await server.Client.CallAsync(method, Requests.Empty(method.InputType), key);
                if (answer.Code != RpcStatus.Unauthenticated || answer.Reason != "CREDENTIAL_INVALID")
                {
                    open.Add($"{method.FullName}: {answer.Code}");
                }
            }
        }

        Assert.Empty(open);
    }

    // A well-formed key of a credential that exists.
    private static string WithOtherSecret(string key) =>
        Auth.ApiKey.ForCredential(Auth.ApiKey.Parse(key)!.CredentialId).Reveal();
}
