using Retention.Server.Tests.Support;
using Retention.Storage.Sqlite;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Tests.Customers;

public sealed class CustomerServiceTests(CustomerServer shared) : IClassFixture<CustomerServer>
{
    private static readonly Profile Ann = new()
    {
        GivenName = "Annegret", FamilyName = "Zwiebelfisch", Email = "annegret@example.com", Phone = "+1 555 010 0199",
        BirthDate = "1980-02-29", TimeZone = "America/New_York", Locale = "en-US",
    };

    [Fact]
    public async Task A_customer_is_found_by_card_email_and_phone()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        await shop.EnrollAsync(card: "4711-0815", profile: Ann);

        foreach (var by in new FindCustomerRequest[]
        {
            new() { CardNumber = "47110815" }, new() { Email = "ANNEGRET@example.com" }, new() { Phone = "0015550100199" },
        })
        {
            var found = (await shop.Ask<FindCustomerResponse>("CustomerService/FindCustomer", by)).Reply.Customer;
            Assert.Equal("ann", found.CustomerId);
            Assert.Equal(Ann, found.Profile);
        }

        var nobody = await shop.Ask<FindCustomerResponse>(
            "CustomerService/FindCustomer", new FindCustomerRequest { Email = "nobody@example.com" });
        Assert.Equal((RpcStatus.NotFound, "CUSTOMER_NOT_FOUND"), (nobody.Code, nobody.Reason));
    }

    [Fact]
    public async Task A_customer_without_an_id_gets_one_that_a_repeat_repeats()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        var request = new EnrollCustomerRequest { RequestId = "r1", CardNumber = "4711", TillId = "1", CashierId = "7" };

        var first = (await shop.Ask<EnrollCustomerResponse>("CustomerService/EnrollCustomer", request)).Reply;
        var again = (await shop.Ask<EnrollCustomerResponse>("CustomerService/EnrollCustomer", request)).Reply;

        Assert.StartsWith("cus_", first.Customer.CustomerId, StringComparison.Ordinal);
        Assert.Equal(first, again);
    }

    [Fact]
    public async Task What_is_malformed_is_refused_with_its_field()
    {
        var shop = await Shop.OpenAsync(shared.Server);

        foreach (var (field, profile) in new (string, Profile)[]
        {
            ("profile.email", new() { Email = "no address" }),
            ("profile.phone", new() { Phone = "12" }),
            ("profile.birth_date", new() { BirthDate = "1981-02-29" }),
            ("profile.time_zone", new() { TimeZone = "Mars/Base" }),
        })
        {
            var answer = await shop.Ask<EnrollCustomerResponse>(
                "CustomerService/EnrollCustomer", new EnrollCustomerRequest { RequestId = "r", Profile = profile });
            Assert.Equal(RpcStatus.InvalidArgument, answer.Code);
            Assert.Equal(field, answer.Raw.Info!.Metadata["field"]);
        }
    }

    [Fact]
    public async Task A_birthday_may_lack_its_year()
    {
        var shop = await Shop.OpenAsync(shared.Server);

        await shop.EnrollAsync(profile: new Profile { BirthDate = "--02-29" });

        Assert.Equal("--02-29", (await Get(shop)).Profile.BirthDate);
    }

    [Fact]
    public async Task The_counter_sees_name_balance_and_visits_in_one_call()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        await shop.EnrollAsync(card: "4711", profile: Ann);
        await shop.BuyAsync("p1", 1_000);

        var view = (await shop.Ask<GetCounterViewResponse>(
            "CustomerService/GetCounterView", new GetCounterViewRequest { CardNumber = "4711" })).Reply;

        Assert.Equal(("ann", "Annegret", 1L), (view.CustomerId, view.GivenName, view.PurchaseCount));
        Assert.Equal(10_000, view.Balance.AvailableMillipoints);
        Assert.Empty(view.Coupons);
    }

    [Fact]
    public async Task A_blocked_card_is_refused_at_the_counter_and_a_new_one_has_the_balance()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        await shop.EnrollAsync(card: "4711");
        await shop.BuyAsync("p1", 1_000);

        var blocked = (await shop.Ask<BlockCardResponse>(
            "CustomerService/BlockCard", new BlockCardRequest { RequestId = "b", CardNumber = "4711" })).Reply;
        var refused = await shop.Ask<GetCounterViewResponse>(
            "CustomerService/GetCounterView", new GetCounterViewRequest { CardNumber = "4711" });
        var replaced = (await shop.Ask<ReplaceCardResponse>(
            "CustomerService/ReplaceCard",
            new ReplaceCardRequest { RequestId = "n", CustomerId = "ann", NewCardNumber = "4712" })).Reply;
        var balance = (await shop.Ask<GetBalanceResponse>(
            "LoyaltyService/GetBalance", new GetBalanceRequest { CardNumber = "4712" })).Reply;

        Assert.True(Assert.Single(blocked.Customer.Cards).Blocked);
        Assert.Equal((RpcStatus.FailedPrecondition, "CARD_BLOCKED"), (refused.Code, refused.Reason));
        Assert.Equal([true, false], replaced.Customer.Cards.Select(card => card.Blocked));
        Assert.Equal(10_000, balance.Balance.AvailableMillipoints);
    }

    [Fact]
    public async Task A_changed_profile_and_a_consent_are_read_back()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        await shop.EnrollAsync(profile: Ann);
        var changed = new Profile(Ann) { Email = "new@example.com", GivenName = "Anna" };

        _ = (await shop.Ask<ChangeProfileResponse>(
            "CustomerService/ChangeProfile",
            new ChangeProfileRequest { RequestId = "p", CustomerId = "ann", Profile = changed })).Reply;
        var consent = new Consent
        {
            BrandId = shop.Tenant.BrandId, Channel = Channel.Email, Purpose = Purpose.Marketing, Granted = true, Source = "form",
        };
        _ = (await shop.Ask<ChangeConsentResponse>(
            "CustomerService/ChangeConsent",
            new ChangeConsentRequest { RequestId = "c", CustomerId = "ann", Consents = { consent } })).Reply;

        var customer = await Get(shop);
        Assert.Equal(changed, customer.Profile);
        var read = Assert.Single(customer.Consents);
        Assert.Equal((Channel.Email, Purpose.Marketing, true), (read.Channel, read.Purpose, read.Granted));
        Assert.Equal(Shop.Noon.ToUnixTimeSeconds(), read.ChangeTime.Seconds);
    }

    [Fact]
    public async Task The_history_tells_everything_newest_first_page_by_page()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        await shop.EnrollAsync();
        await shop.BuyAsync("p1", 1_000);
        _ = (await shop.Ask<LogContactResponse>("CustomerService/LogContact", new LogContactRequest
        {
            RequestId = "l", CustomerId = "ann", Channel = Channel.Phone, Direction = Direction.Inbound,
            Purpose = Purpose.Service, Outcome = "answered", Note = "asked for size 43",
        })).Reply;

        var kinds = new List<string>();
        var notes = new List<string>();
        var token = "";
        do
        {
            var page = (await shop.AskAsAdmin<ListHistoryResponse>(
                "CustomerService/ListHistory",
                new ListHistoryRequest { CustomerId = "ann", PageSize = 2, PageToken = token })).Reply;
            Assert.InRange(page.Entries.Count, 1, 2);
            kinds.AddRange(page.Entries.Select(entry => entry.Kind));
            notes.AddRange(page.Entries.Select(entry => entry.Note).Where(note => note.Length > 0));
            token = page.NextPageToken;
        }
        while (token.Length > 0);

        Assert.Equal(["contact", "purchase", "enrolled"], kinds);
        Assert.Equal(["asked for size 43"], notes);
    }

    [Fact]
    public async Task An_erased_customer_keeps_his_balance_and_loses_his_person()
    {
        var shop = await Shop.OpenAsync(shared.Server);
        await shop.EnrollAsync(card: "4711", profile: Ann);
        await shop.BuyAsync("p1", 1_000);

        var request = new EraseCustomerRequest { RequestId = "e", CustomerId = "ann", Reason = "asked for it" };
        var erased = (await shop.AskAsAdmin<EraseCustomerResponse>("CustomerService/EraseCustomer", request)).Reply;
        var again = (await shop.AskAsAdmin<EraseCustomerResponse>("CustomerService/EraseCustomer", request)).Reply;

        Assert.True(erased.Customer.Erased);
        Assert.Equal(erased, again);
        Assert.Null((await Get(shop)).Profile);
        Assert.Equal(10_000, (await shop.BalanceAsync()).AvailableMillipoints);
        var found = await shop.Ask<FindCustomerResponse>(
            "CustomerService/FindCustomer", new FindCustomerRequest { CardNumber = "4711" });
        Assert.Equal("CUSTOMER_NOT_FOUND", found.Reason);
    }

    [Fact]
    public async Task The_history_of_an_erased_customer_is_told_without_his_notes_even_when_somebody_noted_more()
    {
        await using var server = await TestServer.StartAsync();
        var shop = await Shop.OpenAsync(server);
        await shop.EnrollAsync(profile: Ann);
        Task<RpcAnswer<LogContactResponse>> Note(string id) => shop.Ask<LogContactResponse>("CustomerService/LogContact", new LogContactRequest
        {
            RequestId = id, CustomerId = "ann", Channel = Channel.Phone, Direction = Direction.Inbound, Note = "Kanarienvogel",
        });
        _ = (await Note("before")).Reply;
        _ = (await shop.AskAsAdmin<EraseCustomerResponse>(
            "CustomerService/EraseCustomer", new EraseCustomerRequest { RequestId = "e", CustomerId = "ann", Reason = "asked" })).Reply;

        var refused = await Note("after");
        var history = await shop.AskAsAdmin<ListHistoryResponse>("CustomerService/ListHistory", new ListHistoryRequest { CustomerId = "ann" });

        Assert.NotEqual(Transport.RpcStatus.Ok, refused.Code);
        Assert.Equal(Transport.RpcStatus.Ok, history.Code);
        Assert.All(history.Reply.Entries, entry => Assert.Empty(entry.Note));
    }

    [Fact]
    public async Task No_plain_word_of_a_person_reaches_the_disk()
    {
        await using var server = await TestServer.StartAsync();
        var shop = await Shop.OpenAsync(server);
        await shop.EnrollAsync(card: "4711081512345678", profile: Ann);
        _ = (await shop.Ask<LogContactResponse>("CustomerService/LogContact", new LogContactRequest
        {
            RequestId = "l", CustomerId = "ann", Channel = Channel.Phone, Direction = Direction.Inbound, Note = "Kanarienvogel",
        })).Reply;
        _ = (await shop.Ask<ChangeProfileResponse>("CustomerService/ChangeProfile", new ChangeProfileRequest
        {
            RequestId = "p", CustomerId = "ann", Profile = new Profile(Ann) { Locale = "de-DE" },
        })).Reply;
        await Get(shop);

        var files = Directory.GetFiles(server.DataDirectory, "*", SearchOption.AllDirectories);
        Assert.Contains(files, file => file.EndsWith(SqlitePersonKeys.FileName, StringComparison.Ordinal));
        foreach (var file in files.Where(file => Path.GetExtension(file) != ".lock"))
        {
            var text = Text(file);
            foreach (var word in new[] { "Annegret", "Zwiebelfisch", "annegret@example.com", "0100199", "4711081512345678", "1980-02-29", "Kanarienvogel" })
            {
                Assert.False(text.Contains(word, StringComparison.OrdinalIgnoreCase), $"{Path.GetFileName(file)} holds {word}.");
            }
        }
    }

    private static string Text(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var copy = new MemoryStream();
        file.CopyTo(copy);
        return System.Text.Encoding.Latin1.GetString(copy.ToArray());
    }

    private static async Task<Customer> Get(Shop shop) => (await shop.Ask<GetCustomerResponse>(
        "CustomerService/GetCustomer", new GetCustomerRequest { CustomerId = "ann" })).Reply.Customer;
}

/// <summary>One server for all examples of a class; each has a tenant of its own.</summary>
public sealed class CustomerServer : IAsyncLifetime
{
    private TestServer? server;

    public TestServer Server => server ?? throw new InvalidOperationException("The server has not started.");

    public async Task InitializeAsync() => server = await TestServer.StartAsync();

    public async Task DisposeAsync() => await Server.DisposeAsync();
}
