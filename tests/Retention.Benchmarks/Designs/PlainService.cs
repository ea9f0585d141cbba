using System.Security.Cryptography;
using System.Text.Json;
using Google.Protobuf;
using Npgsql;
using Retention.Transport;
using Retention.V1;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Retention.Benchmarks.Designs;

/// <summary>How the plain service books a sale.</summary>
internal enum PlainDesign
{
    /// <summary>Two round trips: lock and read, decide in the program, then write and commit.</summary>
    Transaction,

    /// <summary>One statement that does it all, in one round trip.</summary>
    Statement,
}

/// <summary>
/// A purchase service as most teams would build it: the same wire, the same durability, one SQL transaction for each
/// call, statements prepared, round trips as few as can be. What it leaves out (tiers, returns, scopes, explanations)
/// would only make it slower.
/// </summary>
internal sealed class PlainService(NpgsqlDataSource database, PlainDesign design) : IRpcService
{
    private const long MinorUnitsPerPoint = 100;
    private const long MillipointsPerPoint = 1000;

    public ServiceDescriptor Descriptor => PlainReflection.Descriptor.Services[0];

    public void Bind(RpcMethods methods) => methods
        .Unary<RecordPurchaseRequest, RecordPurchaseResponse>(nameof(RecordPurchase), RecordPurchase)
        .Unary<RedeemCouponRequest, RedeemCouponResponse>(nameof(RedeemCoupon), RedeemCoupon);

    private async ValueTask<RecordPurchaseResponse> RecordPurchase(RecordPurchaseRequest sale, CallContext call)
    {
        var millipoints = sale.Total.MinorUnits / MinorUnitsPerPoint * MillipointsPerPoint;
        await using var connection = await database.OpenConnectionAsync();
        return design == PlainDesign.Transaction
            ? await InTransaction(connection, sale, millipoints)
            : await InOneStatement(connection, sale, millipoints);
    }

    private static async Task<RecordPurchaseResponse> InTransaction(
        NpgsqlConnection connection, RecordPurchaseRequest sale, long millipoints)
    {
        long available;
        await using (var begin = new NpgsqlBatch(connection))
        {
            begin.BatchCommands.Add(new("BEGIN"));
            begin.BatchCommands.Add(Command(PlainSql.Seen, sale.RequestId));
            begin.BatchCommands.Add(Command(PlainSql.LockCustomer, sale.CustomerId));
            await using var reader = await begin.ExecuteReaderAsync();
            if (await reader.ReadAsync())
            {
                var reply = RecordPurchaseResponse.Parser.ParseFrom(await reader.GetFieldValueAsync<byte[]>(0));
                await reader.DisposeAsync();
                await using var rollback = new NpgsqlCommand("ROLLBACK", connection);
                await rollback.ExecuteNonQueryAsync();
                return reply;
            }

            await reader.NextResultAsync();
            if (!await reader.ReadAsync()) throw new RpcFailure(RpcStatus.NotFound, "The customer is not known.");
            available = reader.GetInt64(0) + millipoints;
        }

        var response = Response(sale, millipoints, available);
        var lines = Lines(sale);
        await using var end = new NpgsqlBatch(connection);
        end.BatchCommands.Add(Command(PlainSql.AddRequest, sale.RequestId, Digest(sale), response.ToByteArray()));
        end.BatchCommands.Add(Command(
            PlainSql.AddPurchase, sale.Source, sale.PurchaseId, sale.CustomerId, sale.Total.MinorUnits, lines));
        end.BatchCommands.Add(Command(PlainSql.AddLot, sale.CustomerId, millipoints));
        end.BatchCommands.Add(Command(PlainSql.AddHistory, sale.CustomerId, lines));
        end.BatchCommands.Add(Command(PlainSql.SetAvailable, sale.CustomerId, available));
        end.BatchCommands.Add(new("COMMIT"));
        await end.ExecuteNonQueryAsync();
        return response;
    }

    private static async Task<RecordPurchaseResponse> InOneStatement(
        NpgsqlConnection connection, RecordPurchaseRequest sale, long millipoints)
    {
        await using var command = new NpgsqlCommand(PlainSql.OneStatement, connection);
        Fill(
            command.Parameters, sale.RequestId, Digest(sale), sale.Source, sale.PurchaseId, sale.CustomerId,
            sale.Total.MinorUnits, Lines(sale), millipoints);
        return await command.ExecuteScalarAsync() is long available
            ? Response(sale, millipoints, available)
            : throw new RpcFailure(RpcStatus.AlreadyExists, "The request was made before.");
    }

    private async ValueTask<RedeemCouponResponse> RedeemCoupon(RedeemCouponRequest request, CallContext call)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(PlainSql.Redeem, connection);
        Fill(command.Parameters, request.Code, request.Source, request.OrderId, request.RequestId);
        return await command.ExecuteScalarAsync() is long
            ? new RedeemCouponResponse { Redemption = new() { RedemptionId = request.OrderId, OfferId = request.Code } }
            : throw new RpcFailure(RpcStatus.FailedPrecondition, "The code is used up.");
    }

    private static RecordPurchaseResponse Response(RecordPurchaseRequest sale, long millipoints, long available) => new()
    {
        Purchase = new()
        {
            PurchaseId = sale.PurchaseId, Source = sale.Source, CustomerId = sale.CustomerId, Total = sale.Total,
        },
        Accruals = { new PointsAccrual { Millipoints = millipoints } },
        Balance = new() { AvailableMillipoints = available },
    };

    private static string Lines(RecordPurchaseRequest sale) => JsonSerializer.Serialize(
        sale.Lines.Select(x => new { x.LineId, x.ProductId, x.Category, x.Quantity, Amount = x.Amount.MinorUnits }));

    private static long Digest(RecordPurchaseRequest sale) =>
        BitConverter.ToInt64(SHA256.HashData(sale.ToByteArray()));

    private static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<object> values)
    {
        var command = new NpgsqlBatchCommand(sql);
        Fill(command.Parameters, values);
        return command;
    }

    private static void Fill(NpgsqlParameterCollection parameters, params ReadOnlySpan<object> values)
    {
        foreach (var value in values)
        {
            parameters.Add(new NpgsqlParameter { Value = value });
        }
    }
}
