from django import forms

MAX_CHARACTERS = 4000
MAX_LABELS = 32
MAX_LABEL_CHARACTERS = 100


class ClassifyForm(forms.Form):
    text = forms.CharField(max_length=MAX_CHARACTERS, widget=forms.Textarea(attrs={"rows": 6}))
    labels = forms.CharField(
        initial="a payment, a delivery, something else",
        help_text=f"Two to {MAX_LABELS}, with commas between.",
    )

    def clean_labels(self) -> list[str]:
        """Without repeats, in the order given."""
        written = (label.strip() for label in self.cleaned_data["labels"].split(","))
        labels = list(dict.fromkeys(label for label in written if label))
        if not 2 <= len(labels) <= MAX_LABELS:
            raise forms.ValidationError(f"Give two to {MAX_LABELS} different labels.")
        if max(map(len, labels)) > MAX_LABEL_CHARACTERS:
            raise forms.ValidationError(f"A label has at most {MAX_LABEL_CHARACTERS} characters.")
        return labels
