using Google.Protobuf.WellKnownTypes;
using Retention.Server.Auth;
using Retention.Server.Tests.Support;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Tests.Security;

public sealed class CredentialTests
{
    [Fact]
    public async Task A_key_is_shown_once()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        var request = new CreateCredentialRequest { RequestId = "once", Role = Role.Marketer };

        var first = (await Create(tenant, request)).Reply;
        var again = (await Create(tenant, request)).Reply;

        Assert.NotEmpty(first.ApiKey);
        Assert.Empty(again.ApiKey);
        Assert.Equal(first.Credential, again.Credential);
    }

    [Fact]
    public async Task A_repeated_creation_of_a_tenant_shows_no_key()
    {
        await using var server = await TestServer.StartAsync();
        var request = new CreateTenantRequest
        {
            RequestId = "r-1", TenantId = "t-1", DisplayName = "Shops", CurrencyCode = "EUR", TimeZone = "Europe/Vilnius",
        };

        var first = await CreateTenant(server, request);
        var again = await CreateTenant(server, request);

        Assert.NotEmpty(first.Reply.AdminApiKey);
        Assert.Empty(again.Reply.AdminApiKey);
        Assert.Equal(first.Reply.Tenant, again.Reply.Tenant);
    }

    [Fact]
    public async Task A_lost_admin_key_is_replaced_by_the_platform()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();

        var rotated = await Rotate(server, tenant.AdminCredentialId, server.PlatformKey, 0);

        Assert.Equal(RpcStatus.Ok, (await Get(server, rotated.Reply.ApiKey)).Code);
        Assert.Equal(RpcStatus.Unauthenticated, (await Get(server, tenant.AdminKey)).Code);
    }

    [Fact]
    public async Task The_old_key_lives_on_while_a_rotation_overlaps()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();

        var rotated = await Rotate(server, tenant.AdminCredentialId, tenant.AdminKey, 3600);

        Assert.Equal(RpcStatus.Ok, (await Get(server, tenant.AdminKey)).Code);
        Assert.Equal(RpcStatus.Ok, (await Get(server, rotated.Reply.ApiKey)).Code);
    }

    [Fact]
    public async Task A_revoked_key_is_dead_at_once()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        var made = await tenant.CreateCredentialAsync(Role.Auditor, "", "");
        Assert.Equal(RpcStatus.Ok, (await Get(server, made.ApiKey)).Code);

        await tenant.Client.Call<RevokeCredentialRequest, RevokeCredentialResponse>(
            "TenantService/RevokeCredential",
            new() { RequestId = "revoke", CredentialId = made.Credential.CredentialId },
            tenant.AdminKey);

        Assert.Equal(RpcStatus.Unauthenticated, (await Get(server, made.ApiKey)).Code);
    }

    [Fact]
    public async Task A_key_survives_a_restart()
    {
        var directory = Directory.CreateTempSubdirectory("retention-test-").FullName;
        string key;
        await using (var first = await TestServer.StartAsync(directory: directory))
        {
            key = (await first.CreateTenantAsync("t-1")).AdminKey;
        }

        await using (var second = await TestServer.StartAsync(directory: directory))
        {
            Assert.Equal("t-1", (await Get(second, key)).Reply.Tenant.TenantId);
        }

        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task A_till_cannot_speak_for_another_store()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        var other = await server.CreateTenantAsync();

        var foreign = await Create(tenant, new() { RequestId = "1", Role = Role.Store, BrandId = other.BrandId });
        var unknown = await Create(tenant, new() { RequestId = "2", Role = Role.Store, BrandId = "no-such-brand" });

        Assert.Equal("BRAND_NOT_FOUND", foreign.Reason);
        Assert.Equal(unknown.Code, foreign.Code);
    }

    [Fact]
    public async Task An_admin_cannot_make_a_platform_admin()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();

        var answer = await Create(tenant, new() { RequestId = "1", Role = Role.PlatformAdmin });

        Assert.Equal("FIELD_INVALID", answer.Reason);
        Assert.Equal("role", answer.Raw.Info!.Metadata["field"]);
    }

    [Fact]
    public async Task Guessing_is_slowed_down_without_harm_to_those_who_are_known()
    {
        await using var server = await TestServer.StartAsync(
            options => options with { Auth = new AuthOptions { FailuresPerMinute = 3 } });
        var tenant = await server.CreateTenantAsync();
        var answers = new List<RpcStatus>();
        for (var attempt = 0; attempt < 5; attempt++)
        {
            answers.Add((await Get(server, ApiKey.Random().Reveal())).Code);
        }

        Assert.Equal(
            [
                RpcStatus.Unauthenticated, RpcStatus.Unauthenticated, RpcStatus.Unauthenticated,
                RpcStatus.ResourceExhausted, RpcStatus.ResourceExhausted,
            ],
            answers);
        Assert.Equal(RpcStatus.Ok, (await Get(server, tenant.AdminKey)).Code);
    }

    [Fact]
    public async Task The_list_of_credentials_comes_in_pages_and_shows_no_key()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        var made = new CreateCredentialsRequest { RequestId = "roll-out" };
        for (var till = 0; till < 5; till++)
        {
            made.Credentials.Add(new CredentialSpec { Role = Role.Store, BrandId = tenant.BrandId, StoreId = tenant.StoreId });
        }

        var rollOut = (await server.Client.Call<CreateCredentialsRequest, CreateCredentialsResponse>(
            "TenantService/CreateCredentials", made, tenant.AdminKey)).Reply;
        var listed = new List<string>();
        var token = "";
        do
        {
            var page = (await server.Client.Call<ListCredentialsRequest, ListCredentialsResponse>(
                "TenantService/ListCredentials", new() { PageSize = 4, PageToken = token }, tenant.AdminKey)).Reply;
            listed.AddRange(page.Credentials.Select(credential => credential.CredentialId));
            token = page.NextPageToken;
        }
        while (token.Length > 0);

        Assert.Equal(6, listed.Count);
        Assert.Equal(listed.Order(StringComparer.Ordinal), listed);
        Assert.Superset(
            rollOut.Credentials.Select(issued => issued.Credential.CredentialId).ToHashSet(), listed.ToHashSet());
    }

    [Fact]
    public async Task Whatever_is_wrong_with_a_key_the_answer_is_the_same()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        var key = ApiKey.Parse(tenant.AdminKey)!;
        string[] wrong =
        [
            "x", "Bearer", new string('k', 3_500), tenant.AdminKey[..^1], tenant.AdminKey + "0", tenant.AdminKey.ToUpperInvariant(),
            tenant.AdminKey.Replace("rsk_live_", "rsk_test_"), $"{tenant.AdminKey},Bearer {tenant.AdminKey}",
            "eyJhbGciOiJub25lIn0.eyJyb2xlIjoiYWRtaW4ifQ.", "Basic YWRtaW46YWRtaW4=",
            ApiKey.ForCredential(key.CredentialId).Reveal(),
            (ApiKey.Random() with { Secret = key.Secret }).Reveal(),
            ApiKey.ForRequest(tenant.TenantId, "r-1", 0).Reveal(),
        ];

        foreach (var attempt in wrong)
        {
            var answer = await Get(server, attempt);
            Assert.Equal((attempt, RpcStatus.Unauthenticated, "CREDENTIAL_INVALID"), (attempt, answer.Code, answer.Reason));
        }

        Assert.Equal(RpcStatus.Ok, (await Get(server, tenant.AdminKey)).Code);
    }

    [Fact]
    public void A_key_with_a_typing_error_is_no_key()
    {
        var key = ApiKey.Random().Reveal();

        for (var index = 0; index < key.Length; index++)
        {
            var other = key[index] == '7' ? '8' : '7';
            Assert.Null(ApiKey.Parse(key[..index] + other + key[(index + 1)..]));
        }

        Assert.Equal(key, ApiKey.Parse(key)!.Reveal());
    }

    [Fact]
    public async Task The_bootstrap_key_is_for_its_owner_only()
    {
        if (OperatingSystem.IsWindows()) return;
        await using var server = await TestServer.StartAsync();

        var mode = File.GetUnixFileMode(Path.Combine(server.DataDirectory, Bootstrap.FileName));

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, mode);
    }

    private static Task<RpcAnswer<CreateCredentialResponse>> Create(TestTenant tenant, CreateCredentialRequest request) =>
        tenant.Client.Call<CreateCredentialRequest, CreateCredentialResponse>(
            "TenantService/CreateCredential", request, tenant.AdminKey);

    private static Task<RpcAnswer<CreateTenantResponse>> CreateTenant(TestServer server, CreateTenantRequest request) =>
        server.Client.Call<CreateTenantRequest, CreateTenantResponse>(
            "TenantService/CreateTenant", request, server.PlatformKey);

    private static Task<RpcAnswer<RotateCredentialResponse>> Rotate(
        TestServer server, string credentialId, string key, long overlapSeconds) =>
        server.Client.Call<RotateCredentialRequest, RotateCredentialResponse>(
            "TenantService/RotateCredential",
            new()
            {
                RequestId = TestServer.NewId("request"),
                CredentialId = credentialId,
                Overlap = new Duration { Seconds = overlapSeconds },
            },
            key);

    private static Task<RpcAnswer<GetTenantResponse>> Get(TestServer server, string key) =>
        server.Client.Call<GetTenantRequest, GetTenantResponse>("TenantService/GetTenant", new(), key);
}
