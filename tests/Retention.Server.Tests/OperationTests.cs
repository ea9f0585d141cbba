using Retention.Server.Tests.Customers;
using Retention.Server.Tests.Support;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Tests;

public sealed class OperationTests
{
    [Fact]
    public async Task An_applied_operation_is_found_with_its_reply()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        await CreateBrand(tenant, "op-1", "b-1");

        var operation = (await Get(tenant, "op-1")).Reply.Operation;

        Assert.Equal(OperationState.Applied, operation.State);
        Assert.Equal("b-1", operation.Reply.Unpack<CreateBrandResponse>().Brand.BrandId);
        Assert.True(operation.Position > 0);
    }

    [Fact]
    public async Task An_operation_that_was_never_seen_is_not_applied()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();

        Assert.Equal(OperationState.NotApplied, (await Get(tenant, "op-1")).Reply.Operation.State);
    }

    [Fact]
    public async Task A_sealed_operation_never_applies()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();

        var first = (await Seal(tenant, "op-1")).Reply.Operation;
        var again = (await Seal(tenant, "op-1")).Reply.Operation;
        var late = await CreateBrand(tenant, "op-1", "b-1");

        Assert.Equal(OperationState.Sealed, first.State);
        Assert.Equal(first, again);
        Assert.Equal(RpcStatus.FailedPrecondition, late.Code);
        Assert.Equal("OPERATION_SEALED", late.Reason);
        Assert.Equal(RpcStatus.Ok, (await CreateBrand(tenant, "op-2", "b-1")).Code);
    }

    [Fact]
    public async Task Sealing_an_applied_operation_tells_that_it_was_applied()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        await CreateBrand(tenant, "op-1", "b-1");

        var operation = (await Seal(tenant, "op-1")).Reply.Operation;

        Assert.Equal(OperationState.Applied, operation.State);
        Assert.Equal("BRAND_EXISTS", (await CreateBrand(tenant, "op-2", "b-1")).Reason);
    }

    [Fact]
    public async Task A_second_request_id_of_a_recorded_receipt_is_an_applied_operation_too()
    {
        await using var server = await TestServer.StartAsync();
        var shop = await Shop.OpenAsync(server);
        await shop.EnrollAsync();
        var first = await shop.BuyAsync("receipt-1", 1000, sale => sale.RequestId = "op-1");
        var again = await shop.BuyAsync("receipt-1", 1000, sale => sale.RequestId = "op-2");

        var found = (await Get(shop.Tenant, "op-2")).Reply.Operation;
        var isSealed = (await Seal(shop.Tenant, "op-2")).Reply.Operation;
        var late = await shop.BuyAsync("receipt-2", 1000, sale => sale.RequestId = "op-2");

        Assert.Equal(first.Reply, again.Reply);
        Assert.Equal(OperationState.Applied, found.State);
        Assert.Equal(first.Reply, found.Reply.Unpack<RecordPurchaseResponse>());
        Assert.Equal(found, isSealed);
        Assert.Equal("REQUEST_ID_REUSED", late.Reason);
    }

    [Fact]
    public async Task A_role_that_may_not_call_the_method_does_not_see_its_reply()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        await CreateBrand(tenant, "op-1", "b-1");

        var operation = (await Get(tenant, "op-1", await tenant.KeyAsync(Role.Partner))).Reply.Operation;

        Assert.Equal(OperationState.Applied, operation.State);
        Assert.Null(operation.Reply);
    }

    private static Task<RpcAnswer<CreateBrandResponse>> CreateBrand(TestTenant tenant, string requestId, string brandId) =>
        tenant.Client.Call<CreateBrandRequest, CreateBrandResponse>(
            "TenantService/CreateBrand",
            new() { RequestId = requestId, BrandId = brandId, DisplayName = "Brand" },
            tenant.AdminKey);

    private static Task<RpcAnswer<GetOperationResponse>> Get(TestTenant tenant, string requestId, string? key = null) =>
        tenant.Client.Call<GetOperationRequest, GetOperationResponse>(
            "OperationService/GetOperation", new() { RequestId = requestId }, key ?? tenant.AdminKey);

    private static Task<RpcAnswer<SealOperationResponse>> Seal(TestTenant tenant, string requestId) =>
        tenant.Client.Call<SealOperationRequest, SealOperationResponse>(
            "OperationService/SealOperation", new() { RequestId = requestId }, tenant.AdminKey);
}
