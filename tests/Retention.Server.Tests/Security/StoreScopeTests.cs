using Google.Protobuf.Reflection;
using Retention.Server.Hosting;
using Retention.Server.Tests.Support;
using Retention.V1;

namespace Retention.Server.Tests.Security;

/// <summary>
/// Law: a till's credential is bound to its brand and store: another one of the same tenant answers as an unknown one.
/// Method: every rpc that a till may call is asked about another store or brand of the tenant, and about an unknown one.
/// </summary>
public sealed class StoreScopeTests
{
    [Fact]
    public async Task A_till_finds_nothing_of_other_stores_and_brands()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync(virtualStart: Samples.Start);
        var sister = TestServer.NewId("store");
        var sisterBrand = TestServer.NewId("brand");
        await tenant.CreateStoreAsync(sister, tenant.BrandId);
        await tenant.CreateBrandAsync(sisterBrand);
        var key = await tenant.KeyAsync(Role.Store);
        var differences = new List<string>();
        var probes = 0;
        foreach (var (method, field) in Probes())
        {
            probes++;
            var theirs = field.RefersTo == RefersTo.Store ? sister : sisterBrand;
            var request = await new RequestFactory(tenant).MakeAsync(method.InputType);
            field.Set(request, theirs);
            var foreign = await tenant.Client.CallAsync(method, request, key);
            field.Set(request, Recipes.Unknown(theirs));
            var unknown = await tenant.Client.CallAsync(method, request, key);

            var expected = field.RefersTo == RefersTo.Store ? "STORE_NOT_FOUND" : "BRAND_NOT_FOUND";
            if (foreign.Reason != expected || unknown.Reason != expected || foreign.Code != unknown.Code)
            {
                differences.Add($"{method.Name} {field}: {foreign.Code} {foreign.Message}, {unknown.Code} {unknown.Message}");
            }
        }

        Assert.True(probes > 5, "too few probes to mean anything");
        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    private static IEnumerable<(MethodDescriptor Method, IdField Field)> Probes() =>
        from service in RpcServices.Descriptors
        from method in service.Methods
        where method.GetOptions().GetExtension(OptionsExtensions.Rule).Roles.Contains(Role.Store)
        from field in RequestFactory.IdFields(method.InputType)
        where field.RefersTo is RefersTo.Store or RefersTo.Brand && !field.Creates
        select (method, field);
}
