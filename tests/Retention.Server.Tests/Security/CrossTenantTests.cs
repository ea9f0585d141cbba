using System.Text.RegularExpressions;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.Reflection;
using Retention.Server.Hosting;
using Retention.Server.Tests.Support;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Tests.Security;

/// <summary>
/// Law: with the credentials of one tenant, an id of another tenant answers exactly as an id that nobody has.
/// Method: for every rpc, role and id field, a valid request is made twice: once with the other tenant's id in the field,
/// once with an unknown one; both answers must be equal but for the ids, and hold nothing of the other tenant.
/// </summary>
public sealed partial class CrossTenantTests
{
    [Fact]
    public async Task Another_tenants_ids_answer_as_unknown_ids_do()
    {
        await using var server = await TestServer.StartAsync();
        var mine = await server.CreateTenantAsync(virtualStart: Samples.Start);
        var other = await server.CreateTenantAsync(virtualStart: Samples.Start);
        var differences = new List<string>();
        var probes = 0;
        // Ids that a request creates come last: from then on the tenant has things of its own under the other's ids.
        foreach (var (method, field) in Probes().OrderBy(probe => probe.Field.Creates))
        {
            foreach (var role in RolesOf(method).Where(role => role != Role.PlatformAdmin))
            {
                probes++;
                var difference = await ProbeAsync(method, field, mine, other, await mine.KeyAsync(role));
                if (difference is not null) differences.Add($"{method.Name} {field} as {role}: {difference}");
            }
        }

        Assert.True(probes > 10, "too few probes to mean anything");
        Assert.True(differences.Count == 0, string.Join(Environment.NewLine, differences));
    }

    [Fact]
    public async Task A_request_made_by_the_recipes_is_a_good_one()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync(virtualStart: Samples.Start);
        var refused = new List<string>();
        foreach (var method in RpcServices.Descriptors.SelectMany(service => service.Methods))
        {
            if (!RolesOf(method).Contains(Role.TenantAdmin)) continue;
            var request = await new RequestFactory(tenant).MakeAsync(method.InputType);
            var answer = await tenant.Client.CallAsync(method, request, tenant.AdminKey);
            if (answer.Code != RpcStatus.Ok) refused.Add($"{method.Name}: {answer.Code} {answer.Message}");
        }

        Assert.Empty(refused);
    }

    // A tenant's id in a request is the platform's to give. An agreement's id is one over all tenants, so that whoever
    // proposes under a taken one has to be told.
    private static IEnumerable<(MethodDescriptor Method, IdField Field)> Probes() =>
        from service in RpcServices.Descriptors
        from method in service.Methods
        from field in RequestFactory.IdFields(method.InputType)
        where field.RefersTo != RefersTo.Tenant && !(field.RefersTo == RefersTo.Agreement && field.Creates)
        select (method, field);

    private static RepeatedField<Role> RolesOf(MethodDescriptor method) =>
        method.GetOptions().GetExtension(OptionsExtensions.Rule).Roles;

    private static async Task<string?> ProbeAsync(
        MethodDescriptor method, IdField field, TestTenant mine, TestTenant other, string key)
    {
        var theirs = await Recipes.MakeAsync(field.RefersTo, other);
        var nobodys = Recipes.Unknown(theirs);
        var requests = new RequestFactory(mine);
        var foreign = await AskAsync(method, requests, field, theirs, mine, key);
        // What is created changes the things it is created for.
        if (field.Creates) requests = new RequestFactory(mine);
        var unknown = await AskAsync(method, requests, field, nobodys, mine, key);
        if (foreign != unknown) return $"{foreign} but {unknown}";
        return Canaries(other, theirs).Any(foreign.Contains) ? $"tells of the other tenant: {foreign}" : null;
    }

    // Each question makes ids of its own, about the same things: the first must not take a natural key from the second.
    private static async Task<string> AskAsync(
        MethodDescriptor method, RequestFactory requests, IdField field, string id, TestTenant mine, string key)
    {
        var request = await requests.MakeAsync(method.InputType);
        field.Set(request, id);
        var answer = await mine.Client.CallAsync(method, request, key);
        var replies = answer.Replies.Select(reply => method.OutputType.Parser.ParseFrom(reply).ToString());
        var told = $"{answer.Code} {answer.Message} {answer.Info} {string.Join(' ', replies)}".Replace(id, "ID");
        return Moving().Replace(told, "*");
    }

    private static IEnumerable<string> Canaries(TestTenant other, string id) =>
        new[] { other.TenantId, other.BrandId, other.StoreId, other.AdminCredentialId }.Where(canary => canary != id);

    // What differs between two equal calls: moments, positions, versions, and ids and keys made by the call.
    [GeneratedRegex(
        @"\d{4}-\d\d-\d\dT[\d:.]+Z|""(position|version)"": ""?\d+""?|""etag"": ""\w+""|cred_\w+|rsk_live_\w+|"
        + @"(request|made|text|TEXT|customer|purchase|entity|offer)-\w+|(red|con|trf|hold)_\w+|""cardRef"": ""\w+""")]
    private static partial Regex Moving();
}
