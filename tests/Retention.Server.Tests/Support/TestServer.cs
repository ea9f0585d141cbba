using System.Net;
using NodaTime;
using Retention.Server.Auth;
using Retention.Server.Hosting;
using Retention.Server.Rpc;
using Retention.Server.Services;
using Retention.V1;

namespace Retention.Server.Tests.Support;

/// <summary>A whole server: real listeners on free ports, real SQLite in a directory of its own.</summary>
public sealed class TestServer : IAsyncDisposable
{
    private readonly RetentionServer server;
    private readonly bool isKept;

    private TestServer(RetentionServer server, string directory, bool isKept)
    {
        this.server = server;
        this.isKept = isKept;
        DataDirectory = directory;
        Client = new RpcClient(server.Grpc);
        PlatformKey = File.ReadAllText(Path.Combine(directory, Bootstrap.FileName)).Trim();
    }

    public string DataDirectory { get; }

    public RpcClient Client { get; }

    public string PlatformKey { get; }

    public IPEndPoint Grpc => server.Grpc;

    public IPEndPoint Http => server.Http;

    public static string NewId(string prefix = "id") => $"{prefix}-{Guid.NewGuid():N}";

    /// <param name="directory">Kept at the end, to start on it again; null takes a new one that is deleted.</param>
    public static async Task<TestServer> StartAsync(
        Func<ServerOptions, ServerOptions>? change = null, string? directory = null)
    {
        var options = new ServerOptions
        {
            DataDirectory = directory ?? Directory.CreateTempSubdirectory("retention-test-").FullName,
            Grpc = new IPEndPoint(IPAddress.Loopback, 0),
            Http = new IPEndPoint(IPAddress.Loopback, 0),
            Auth = new AuthOptions { FailuresPerMinute = 0 },
            Coupons = new CouponOptions { FailuresPerMinute = 0 },
            DrainTimeout = TimeSpan.FromSeconds(2),
        };
        options = change?.Invoke(options) ?? options;
        var server = await RetentionServer.StartAsync(options, CancellationToken.None);
        return new TestServer(server, options.DataDirectory, directory is not null);
    }

    /// <summary>A tenant with one brand and one store, on a virtual clock where a start is given.</summary>
    public async Task<TestTenant> CreateTenantAsync(
        string? tenantId = null, Instant? virtualStart = null, string currency = "USD")
    {
        tenantId ??= NewId("tenant");
        var created = await Client.Call<CreateTenantRequest, CreateTenantResponse>("TenantService/CreateTenant", new()
        {
            RequestId = NewId("request"),
            TenantId = tenantId,
            DisplayName = $"Shops of {tenantId}",
            CurrencyCode = currency,
            TimeZone = "America/New_York",
            VirtualStartTime = virtualStart.ToProto(),
        }, PlatformKey);
        var tenant = new TestTenant(this, tenantId, created.Reply.AdminApiKey, created.Reply.AdminCredential.CredentialId);
        await tenant.CreateBrandAsync(tenant.BrandId);
        await tenant.CreateStoreAsync(tenant.StoreId, tenant.BrandId);
        return tenant;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await server.StopAsync();
        await server.DisposeAsync();
        if (!isKept) Directory.Delete(DataDirectory, recursive: true);
    }
}

/// <summary>One tenant of a test server, and keys to it.</summary>
public sealed class TestTenant(TestServer server, string tenantId, string adminKey, string adminCredentialId)
{
    private readonly Dictionary<Role, string> keys = new() { [Role.TenantAdmin] = adminKey };

    public string TenantId => tenantId;

    public string AdminKey => adminKey;

    public string AdminCredentialId => adminCredentialId;

    public string BrandId { get; } = TestServer.NewId("brand");

    public string StoreId { get; } = TestServer.NewId("store");

    public RpcClient Client => server.Client;

    /// <summary>A key of the role, made when it is asked for the first time; a till's is bound to the store.</summary>
    public async Task<string> KeyAsync(Role role)
    {
        if (role == Role.PlatformAdmin) return server.PlatformKey;
        if (keys.TryGetValue(role, out var known)) return known;
        var isTill = role == Role.Store;
        var key = (await CreateCredentialAsync(role, isTill ? BrandId : "", isTill ? StoreId : "")).ApiKey;
        keys[role] = key;
        return key;
    }

    public async Task<CreateCredentialResponse> CreateCredentialAsync(Role role, string brandId, string storeId) =>
        (await Client.Call<CreateCredentialRequest, CreateCredentialResponse>("TenantService/CreateCredential", new()
        {
            RequestId = TestServer.NewId("request"),
            Role = role,
            BrandId = brandId,
            StoreId = storeId,
        }, adminKey)).Reply;

    public async Task CreateBrandAsync(string brandId) =>
        _ = (await Client.Call<CreateBrandRequest, CreateBrandResponse>("TenantService/CreateBrand", new()
        {
            RequestId = TestServer.NewId("request"),
            BrandId = brandId,
            DisplayName = $"Brand {brandId}",
        }, adminKey)).Reply;

    public async Task CreateStoreAsync(string storeId, string brandId) =>
        _ = (await Client.Call<CreateStoreRequest, CreateStoreResponse>("TenantService/CreateStore", new()
        {
            RequestId = TestServer.NewId("request"),
            BrandId = brandId,
            StoreId = storeId,
            DisplayName = $"Store {storeId}",
        }, adminKey)).Reply;
}
