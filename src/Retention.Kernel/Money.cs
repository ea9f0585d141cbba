namespace Retention.Kernel;

/// <summary>An amount in minor units of an ISO 4217 currency. Arithmetic never mixes currencies and never rounds by itself.</summary>
public readonly record struct Money(string Currency, long MinorUnits)
{
    public static Money operator +(Money left, Money right) => new(Same(left, right), left.MinorUnits + right.MinorUnits);

    public static Money operator -(Money left, Money right) => new(Same(left, right), left.MinorUnits - right.MinorUnits);

    public override string ToString() => $"{MinorUnits} {Currency}";

    private static string Same(Money left, Money right) => left.Currency == right.Currency
        ? left.Currency
        : throw new InvalidOperationException($"Amounts of {left.Currency} and {right.Currency} cannot be added.");
}
