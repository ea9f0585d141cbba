using Retention.Server.Client;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Load;

/// <summary>
/// The tenant that is loaded. Whatever it needs is made by requests with ids of their own, so that a run that was broken
/// off goes on where it ended, and the next run finds all of it.
/// </summary>
internal sealed class LoadTenant(Uri endpoint, string tenantId)
{
    private const string Tenants = "retention.v1.TenantService/";
    private const string Customers = "retention.v1.CustomerService/";
    private const long CustomersPerPart = 50_000;

    /// <summary>The key of the tenant's admin, where the platform's was given, and that of a till to make calls with.</summary>
    public async Task<(string Admin, string Till)> Prepare(string key, CancellationToken cancellation)
    {
        var tenantKey = await Key(key, cancellation);
        using var client = new RpcClient(endpoint, tenantKey);
        await client.Call<CreateBrandResponse>(
            Tenants + "CreateBrand",
            new CreateBrandRequest
            {
                RequestId = "load.brand", BrandId = LoadWorkloads.BrandId, DisplayName = "Load",
            },
            cancellation);
        await client.Call<CreateStoreResponse>(
            Tenants + "CreateStore",
            new CreateStoreRequest
            {
                RequestId = "load.store", BrandId = LoadWorkloads.BrandId, StoreId = LoadWorkloads.StoreId,
                DisplayName = "Load 1",
            },
            cancellation);
        var till = await client.Call<CreateCredentialResponse>(
            Tenants + "CreateCredential",
            new CreateCredentialRequest
            {
                RequestId = $"load.till.{Guid.NewGuid():N}", Role = Role.Store, BrandId = LoadWorkloads.BrandId,
                StoreId = LoadWorkloads.StoreId,
            },
            cancellation);
        return (tenantKey, till.ApiKey);
    }

    /// <summary>
    /// Enrolls the customers from 0 up, in parts; a part that an earlier run has finished bears a mark and is passed over.
    /// </summary>
    public async Task Enroll(string tillKey, long customers, Action<long> progress, CancellationToken cancellation)
    {
        using var client = new RpcClient(endpoint, tillKey);
        for (var first = 0L; first < customers; first += CustomersPerPart)
        {
            var (from, count) = (first, Math.Min(CustomersPerPart, customers - first));
            var mark = $"enrolled-{from}-{count}";
            if (!await IsThere(client, mark, cancellation))
            {
                EnrollPart(tillKey, from, count, ended => progress(from + ended), cancellation);
                await client.Call<EnrollCustomerResponse>(
                    Customers + "EnrollCustomer",
                    new EnrollCustomerRequest
                    {
                        RequestId = $"load.{mark}", CustomerId = mark, StoreId = LoadWorkloads.StoreId,
                    },
                    cancellation);
            }

            progress(first + count);
        }
    }

    private void EnrollPart(
        string tillKey, long first, long count, Action<long> progress, CancellationToken cancellation)
    {
        var missing = EnrollAll(tillKey, Range(first, count), progress, cancellation);
        for (var round = 0; missing.Count > 0 && round < 5; round++)
        {
            missing = EnrollAll(tillKey, missing, _ => { }, cancellation);
        }

        if (missing.Count > 0) throw new LoadException($"{missing.Count} customers could not be enrolled.");
    }

    private List<long> EnrollAll(
        string tillKey, IEnumerable<long> numbers, Action<long> progress, CancellationToken cancellation)
    {
        var plan = new LoadPlan { Concurrency = 128, KeepsFailed = true };
        var run = new LoadRun(new LoadTarget(endpoint, tillKey), plan) { Progress = progress };
        return run.Execute(LoadWorkloads.Enroll(numbers), cancellation).Calls.Failed;
    }

    private async Task<string> Key(string key, CancellationToken cancellation)
    {
        using var client = new RpcClient(endpoint, key);
        try
        {
            var created = await client.Call<CreateTenantResponse>(
                Tenants + "CreateTenant",
                new CreateTenantRequest
                {
                    RequestId = $"load.tenant.{tenantId}", TenantId = tenantId, DisplayName = "Load",
                    CurrencyCode = LoadWorkloads.Currency, TimeZone = "UTC",
                },
                cancellation);
            if (created.AdminApiKey.Length > 0) return created.AdminApiKey;

            // The tenant is of an earlier run, and its key was shown then.
            var rotated = await client.Call<RotateCredentialResponse>(
                Tenants + "RotateCredential",
                new RotateCredentialRequest
                {
                    RequestId = $"load.rotate.{Guid.NewGuid():N}", CredentialId = created.AdminCredential.CredentialId,
                },
                cancellation);
            return rotated.ApiKey;
        }
        catch (RpcCallException refusal) when (refusal.Status == RpcStatus.PermissionDenied)
        {
            // A tenant's own key creates no tenants; it is all that is needed.
            return key;
        }
    }

    private static async Task<bool> IsThere(RpcClient client, string customerId, CancellationToken cancellation)
    {
        try
        {
            var request = new GetCustomerRequest { CustomerId = customerId };
            await client.Call<GetCustomerResponse>(Customers + "GetCustomer", request, cancellation);
            return true;
        }
        catch (RpcCallException refusal) when (refusal.Status == RpcStatus.NotFound)
        {
            return false;
        }
    }

    private static IEnumerable<long> Range(long first, long count)
    {
        for (var number = first; number < first + count; number++) yield return number;
    }
}
