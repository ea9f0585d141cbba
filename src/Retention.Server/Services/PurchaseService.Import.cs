using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Services;

/// <summary>Many sales in one stream.</summary>
public sealed partial class PurchaseService
{
    private const int ImportBatchMax = 200;

    /// <summary>Batches are answered in order; within one, customers go side by side and each customer's sales in turn.</summary>
    private async Task ImportPurchases(
        RpcReader<ImportPurchasesRequest> batches, RpcWriter<ImportPurchasesResponse> responses, CallContext call)
    {
        await foreach (var batch in batches)
        {
            RequestField.RequestId(batch.RequestId);
            if (batch.Purchases.Count == 0) throw RequestField.Invalid("purchases", "required");
            RequestField.AtMost(batch.Purchases, "purchases", ImportBatchMax);

            var results = new ImportResult[batch.Purchases.Count];
            var byCustomer = Enumerable.Range(0, results.Length)
                .GroupBy(i => (batch.Purchases[i].CustomerId, batch.Purchases[i].CardNumber));
            await Task.WhenAll(byCustomer.Select(sales => ImportInTurn(batch, sales, results, call)));
            await responses.Write(new ImportPurchasesResponse { RequestId = batch.RequestId, Results = { results } });
        }
    }

    private async Task ImportInTurn(
        ImportPurchasesRequest batch, IEnumerable<int> sales, ImportResult[] results, CallContext call)
    {
        foreach (var i in sales)
        {
            results[i] = await Import(batch.Purchases[i], batch.EnrollUnknownCustomers, call);
        }
    }

    private async Task<ImportResult> Import(RecordPurchaseRequest purchase, bool enrollsUnknown, CallContext call)
    {
        try
        {
            var recorded = await Record(purchase, call, enrollsUnknown);
            return new ImportResult
            {
                RequestId = purchase.RequestId,
                Millipoints = recorded.Accruals.Sum(accrual => accrual.Millipoints),
            };
        }
        catch (RpcFailure failure) when (failure.Info() is { } info)
        {
            return new ImportResult
            {
                RequestId = purchase.RequestId, Reason = info.Reason, Metadata = { info.Metadata },
            };
        }
    }
}
