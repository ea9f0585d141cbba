using System.Globalization;
using System.Text;
using Google.Protobuf;
using Retention.Domain.Customers;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Persons;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Services;

/// <summary>Looking at customers, and the contacts that are written down beside it.</summary>
public sealed partial class CustomerService
{
    private const string NotePurpose = "note";
    private const int NoteLengthMax = 2_000;
    private const int OutcomeLengthMax = 64;

    private static readonly ProtoReply<ContactReceipt, LogContactResponse> Logged =
        new(receipt => new() { ContactId = receipt.Contact.ContactId });

    private async ValueTask<GetCustomerResponse> GetCustomer(GetCustomerRequest request, CallContext call)
    {
        var customer = new CustomerRef(RequestField.Id(request.CustomerId, "customer_id"), null);
        var view = await ViewAsync(call, request, customer, mayBeBlocked: true);
        return new GetCustomerResponse { Customer = view.ToProto(await ProfileAsync(view, call)) };
    }

    private async ValueTask<FindCustomerResponse> FindCustomer(FindCustomerRequest request, CallContext call)
    {
        var caller = call.Caller();
        var (kind, address) = request.ByCase switch
        {
            FindCustomerRequest.ByOneofCase.CardNumber =>
                (CustomerKeyKind.Card, LoyaltyMessages.CardNumber(request.CardNumber, "card_number")),
            FindCustomerRequest.ByOneofCase.Email =>
                (CustomerKeyKind.Email, CustomerMessages.Email(request.Email, "email")),
            FindCustomerRequest.ByOneofCase.Phone =>
                (CustomerKeyKind.Phone, CustomerMessages.Phone(request.Phone, "phone")),
            _ => throw RequestField.Invalid("card_number", "required"),
        };
        var view = await grains.Read<CustomerView>(
            call, request, caller.Partition, turn => CustomerTurns.ReadBy(turn, caller.TenantId, kind, address));
        return new FindCustomerResponse { Customer = view.ToProto(await ProfileAsync(view, call)) };
    }

    private async ValueTask<GetCounterViewResponse> GetCounterView(GetCounterViewRequest request, CallContext call)
    {
        var customer = LoyaltyMessages.Customer(request.CustomerId, request.CardNumber);
        var view = await ViewAsync(call, request, customer, mayBeBlocked: false);
        var profile = await ProfileAsync(view, call);
        return new GetCounterViewResponse
        {
            CustomerId = view.CustomerId,
            GivenName = profile?.GivenName ?? "",
            FamilyName = profile?.FamilyName ?? "",
            Balance = view.Balance.ToProto(),
            Coupons =
            {
                JointWallet.Usable(view.State.Wallet, view.Now)
                    .OrderBy(coupon => coupon.ExpiresAt)
                    .Select(coupon => coupon.ToProto()),
            },
            EnrollTime = view.State.EnrolledAt.ToProto(),
            PurchaseCount = view.State.PurchaseCount,
        };
    }

    private async ValueTask<ListHistoryResponse> ListHistory(ListHistoryRequest request, CallContext call)
    {
        var caller = call.Caller();
        var customerId = RequestField.Id(request.CustomerId, "customer_id");
        var size = RequestField.PageSize(request.PageSize);
        var before = Before(request.PageToken);
        var view = await ViewAsync(call, request, new CustomerRef(customerId, null), mayBeBlocked: true);

        // What was sealed before an erasure has no key any more; one made since, for a call that was refused, opens nothing.
        PersonId? person = view.State.IsErased ? null : new PersonId(caller.TenantId, customerId);
        var grain = CustomerGrains.Id(caller.Partition, customerId);
        var records = await grains.Journal.HistoryAsync(grain, before, size, call.Cancellation);
        var response = new ListHistoryResponse();
        foreach (var record in records)
        {
            await AddAsync(response, record, grain, person, call);
        }

        // The customer's first fact is its version 1: nothing is older.
        var isFirst = records.Count == 0
            || records[^1].Writes.Any(write => write.Grain == grain && write.ExpectedVersion == 0);
        if (!isFirst) response.NextPageToken = PageToken.Write(records[^1].Position.ToString(CultureInfo.InvariantCulture));
        return response;
    }

    private async ValueTask AddAsync(
        ListHistoryResponse response, JournalRecord record, GrainId grain, PersonId? person, CallContext call)
    {
        foreach (var write in record.Writes.Where(write => write.Grain == grain))
        {
            foreach (var bytes in write.Facts.Reverse())
            {
                var fact = (CustomerFact)CustomerGrains.Customer.DecodeFact(bytes.Span);
                var entry = CustomerHistory.Entry(record, fact);
                if (fact is ContactLogged { SealedNote: { } note })
                {
                    var plain = person is { } whose ? await persons.OpenAsync(whose, NotePurpose, note, call.Cancellation) : null;
                    entry.Note = plain is null ? "" : Encoding.UTF8.GetString(plain);
                }

                response.Entries.Add(entry);
            }
        }
    }

    private async ValueTask<LogContactResponse> LogContact(LogContactRequest request, CallContext call)
    {
        var caller = call.Caller();
        var customerId = RequestField.Id(request.CustomerId, "customer_id");
        var contactId = CustomerIds.Contact(caller.TenantId, RequestField.RequestId(request.RequestId));
        var channel = CustomerMessages.Word(request.Channel, "channel");
        var direction = CustomerMessages.Word(request.Direction, "direction");
        var purpose = request.Purpose == Purpose.Unspecified ? null : CustomerMessages.Word(request.Purpose, "purpose");
        var note = RequestField.OptionalText(request.Note, "note", NoteLengthMax);
        var command = new LogContact(
            customerId,
            contactId,
            channel,
            direction == "inbound",
            purpose,
            CustomerMessages.Text(request.Outcome, "outcome", OutcomeLengthMax),
            await SealNoteAsync(new PersonId(caller.TenantId, customerId), note, call),
            RequestField.OptionalTime(request.ContactTime, "contact_time"),
            await places.AnywhereAsync(call, request.StoreId, request.TillId, request.CashierId));
        return await grains.Change(
            call, request, caller.Partition, turn => CustomerTurns.LogContact(turn, caller.TenantId, command), Logged);
    }

    private async ValueTask<string?> SealNoteAsync(PersonId person, string note, CallContext call) => note.Length == 0
        ? null
        : await persons.SealAsync(person, NotePurpose, Encoding.UTF8.GetBytes(note), call.Cancellation);

    private ValueTask<CustomerView> ViewAsync(CallContext call, IMessage request, CustomerRef customer, bool mayBeBlocked)
    {
        var caller = call.Caller();
        return grains.Read<CustomerView>(
            call,
            request,
            caller.Partition,
            turn => CustomerTurns.Read(turn, caller.TenantId, customer, mayBeBlocked));
    }

    private async ValueTask<PersonProfile?> ProfileAsync(CustomerView view, CallContext call)
    {
        if (view.State.SealedProfile is not { } text) return null;

        var person = new PersonId(call.Caller().TenantId, view.CustomerId);
        var plain = await persons.OpenAsync(person, PersonProfile.Purpose, text, call.Cancellation);
        return plain is null ? null : PersonProfile.Read(plain);
    }

    private static long Before(string token)
    {
        if (PageToken.Read(token) is not { } text) return long.MaxValue;

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var position)
            ? position
            : throw RequestField.Invalid("page_token", "as_returned");
    }
}
